"""What a question says beside its subject: when, how many, by what, in which currency, compared with what."""

import re
import unicodedata
from dataclasses import dataclass

from libs.common.money import EXPONENTS
from services.analytics.assistant.periods import MONTHS

_MONTH_STEMS = (
    r"january|jan|январ\w*",
    r"february|feb|феврал\w*",
    r"march|март\w*",
    r"april|apr|апрел\w*",
    r"(?:(?<=in )|(?<=for )|(?<=of )|(?<=during ))may|may(?= 20\d\d)|ма[йяе]",
    r"june|jun|июн\w*",
    r"july|jul|июл\w*",
    r"august|aug|август\w*",
    r"september|sept|sep|сентябр\w*",
    r"october|oct|октябр\w*",
    r"november|nov|ноябр\w*",
    r"december|dec|декабр\w*",
)
_PERIODS: tuple[tuple[str, str], ...] = (
    ("today", r"today|сегодня\w*"),
    ("yesterday", r"yesterday\w*|вчера\w*"),
    ("this_week", r"(?:this|current) week|(?:эт|текущ)\w+ недел\w+"),
    ("last_week", r"(?:last|previous) week|прошл\w+ недел\w+"),
    ("this_month", r"(?:this|current) month|(?:эт|текущ)\w+ месяц\w*"),
    ("last_month", r"(?:last|previous) month|прошл\w+ месяц\w*"),
    ("this_quarter", r"(?:this|current) quarter|(?:эт|текущ)\w+ квартал\w*"),
    ("last_quarter", r"(?:last|previous) quarter|прошл\w+ квартал\w*"),
    ("this_year", r"(?:this|current) year|year to date|(?:эт|текущ)\w+ год\w*"),
    ("last_year", r"(?:last|previous) year|прошл\w+ год\w*"),
    ("last_7_days", r"past week|последн\w+ недел\w+|за неделю"),
    ("last_30_days", r"past month|последн\w+ месяц|за месяц"),
    ("last_365_days", r"past year|последн\w+ год|за год"),
    ("all_time", r"all time|ever|since the (?:start|beginning)|все время"),
)
_DAYS = {
    1: r"(?:last|past|previous) (\d{1,3}) days?|последн\w+ (\d{1,3}) д\w+",
    7: r"(?:last|past|previous) (\d{1,2}) weeks?|последн\w+ (\d{1,2}) недел\w+",
    30: r"(?:last|past|previous) (\d{1,2}) months?|последн\w+ (\d{1,2}) месяц\w+",
}
_COUNTS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "ten": 10,
    "два": 2,
    "две": 2,
    "три": 3,
    "четыре": 4,
    "пять": 5,
    "десять": 10,
}
_COUNT = rf"(\d{{1,3}}|{'|'.join(_COUNTS)})"
_TOP = rf"\b(?:top|топ)\s*{_COUNT}\b|\b{_COUNT} (?:best|top|most|лучш\w+|сам\w+|популярн\w+|топов\w+)"
_QUANTITY = r"\bby (?:quantity|pieces|units|volume)|most (?:pieces|units)|по (?:количеству|штукам)|в штуках"
_GRAINS = {
    "day": r"\b(?:by|per|each|every) day|daily|по дням|ежедневн",
    "week": r"\b(?:by|per|each|every) week|weekly|по неделям|еженедельн",
    "month": r"\b(?:by|per|each|every) month|monthly|по месяцам|ежемесячн",
}
_COMPARE = (
    r"\bcompar|\bversus\b|\bvs\b|\bthan\b|\bgrow|\bchange|\bdifference|сравн|\bчем\b|вырос|упал|измени|рост\b"
)
# What stands before a period that something is compared with.
_WITH = r"\b(?:with|to|than|vs|versus|against|from|since|с|со|чем|против|к)(?: (?:in|the|в|во))*$"
# What a period is compared with where it is the only one named: as far as that has come.
_NOW = {
    "yesterday": "today",
    "last_week": "this_week",
    "last_month": "this_month",
    "last_quarter": "this_quarter",
    "last_year": "this_year",
    **dict.fromkeys(MONTHS, "this_month"),
}
# Codes of currencies that are words where somebody shouts.
_ALSO_WORDS = frozenset({"ALL", "TOP", "TRY"})
_CURRENCIES = {
    "ZAR": r"\brands?\b|\bранд",
    "USD": r"\bdollars?\b|\bдоллар",
    "EUR": r"\beuros?\b|\bевро\b",
    "RUB": r"\br[uo]+bles?\b|\bрубл",
    "KZT": r"\btenge\b|\bтенге\b",
}


@dataclass(frozen=True, slots=True)
class Slots:
    """What was said. `periods` are in the order of the question; what goes on now comes first where another period is
    named only to compare it with."""

    periods: tuple[str, ...] = ()
    top: int | None = None
    by_quantity: bool = False
    grain: str | None = None
    currency: str | None = None
    compares: bool = False


def normalised(question: str) -> str:
    """Small letters, one space between words, no punctuation."""
    text = unicodedata.normalize("NFKC", question).casefold().replace("ё", "е")
    return " ".join(re.sub(r"[^\w%]+", " ", text).split())


def slots_of(question: str) -> Slots:
    """What a question says beside its subject."""
    text = normalised(question)
    top = re.search(_TOP, text)
    count = next((part for part in top.groups() if part), None) if top else None
    compares = re.search(_COMPARE, text) is not None
    return Slots(
        periods=_periods(text, compares),
        top=None if count is None else max(1, min(20, _COUNTS.get(count) or int(count))),
        by_quantity=re.search(_QUANTITY, text) is not None,
        grain=next((grain for grain, words in _GRAINS.items() if re.search(words, text)), None),
        currency=_currency(question, text),
        compares=compares,
    )


def _periods(text: str, compares: bool) -> tuple[str, ...]:
    found: list[tuple[int, str]] = []
    for name, words in _PERIODS:
        found += [(match.start(), name) for match in re.finditer(rf"\b(?:{words})\b", text)]
    for days, words in _DAYS.items():
        for match in re.finditer(rf"\b(?:{words})", text):
            count = int(next(part for part in match.groups() if part)) * days
            if 0 < count < 1000:
                found.append((match.start(), f"last_{count}_days"))
    for month, words in zip(MONTHS, _MONTH_STEMS, strict=True):
        for match in re.finditer(rf"\b(?:{words})\b(?: (20\d\d))?", text):
            found.append((match.start(), f"{month}_{match[1]}" if match[1] else month))
    names = tuple(dict.fromkeys(name for _, name in sorted(found)))
    if compares and len(names) == 1 and (now := _NOW.get(names[0].partition("_20")[0])):
        start = min(start for start, _ in found)
        if re.search(_WITH, text[:start].rstrip()):
            return now, names[0]
    return names


def _currency(question: str, text: str) -> str | None:
    for code in re.findall(r"\b[A-Z]{3}\b", question):
        if code in EXPONENTS and code not in _ALSO_WORDS:
            return str(code)
    return next((code for code, words in _CURRENCIES.items() if re.search(words, text)), None)
