"""Holds the numbers of a text against the figures that it may rest on.

A number is founded where some figure, read as people write it (whole or rounded, in thousands or millions, a ratio as
a percentage), shows the same digits; a date, where it is a border of a period that was read, or today. Names that
figures bear are not read as numbers. What a number is said of is not checked: a model may still mix up two figures.
"""

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date

from libs.common.money import EXPONENTS
from services.analytics.assistant.figures import Figure
from services.analytics.assistant.periods import MONTHS, Stretch

_GROUPED = r"\d{1,3}(?:[ ,.'\u2019]\d{3})+(?:[.,]\d+)?"
_NUMBER = re.compile(
    rf"({_GROUPED}|\d+(?:[.,]\d+)?)(?:\s?(thousand|million|billion|тыс|тысяч[аи]?|млн|миллион(?:а|ов)?|млрд|[km]|bn)\b)?"
)
_SCALES = {"tho": 1e3, "k": 1e3, "тыс": 1e3, "mil": 1e6, "m": 1e6, "млн": 1e6, "мил": 1e6} | {
    "bil": 1e9,
    "bn": 1e9,
    "млр": 1e9,
}
_WORDS = {
    word: number
    for number, words in {
        2: "two два две двое",
        3: "three три трое",
        4: "four четыре",
        5: "five пять",
        6: "six шесть",
        7: "seven семь",
        8: "eight восемь",
        9: "nine девять",
        10: "ten десять",
        11: "eleven одиннадцать",
        12: "twelve двенадцать",
        15: "fifteen пятнадцать",
        20: "twenty двадцать",
        30: "thirty тридцать",
        40: "forty сорок",
        50: "fifty пятьдесят",
        60: "sixty шестьдесят",
        70: "seventy семьдесят",
        80: "eighty восемьдесят",
        90: "ninety девяносто",
        100: "hundred сто",
        1000: "thousand тысяча",
        1_000_000: "million миллион",
    }.items()
    for word in words.split()
}
# Amounts without a number of their own.
_VAGUE = re.compile(
    r"\b(?:half|double[ds]?|doubling|twice|triple[ds]?|thrice|dozens?|hundreds|thousands|millions|quarter of|third of|"
    r"вдвое|втрое|половин\w+|дюжин\w+|сотн\w+|тысяч\w*|миллион\w+|удвои\w+|утрои\w+)\b"
)
_RU_MONTHS = [
    "январ",
    "феврал",
    "март",
    "апрел",
    "ма",
    "июн",
    "июл",
    "август",
    "сентябр",
    "октябр",
    "ноябр",
    "декабр",
]
_MONTH_NAMES = "|".join([*MONTHS, *(f"{stem}[а-я]{{1,2}}" for stem in _RU_MONTHS if stem != "ма"), "ма[йяе]"])
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? ({_MONTH_NAMES})(?:,? (\d{{4}}))?\b")
_MONTH_DAY = re.compile(rf"\b({_MONTH_NAMES}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?")
_MONTH_YEAR = re.compile(rf"\b({_MONTH_NAMES}) (\d{{4}})\b")
_CURRENCIES = "|".join(code.casefold() for code in EXPONENTS)
_LIST_MARK = re.compile(r"^\s*(?:[-*•]\s*)?\d{1,2}[.)]\s", re.M)


class Grounds:
    """What numbers may be said."""

    def __init__(self, today: date) -> None:
        self._names: set[str] = set()
        self._exact: set[float] = set()
        self._ratios: set[float] = set()
        self._days = {today}

    def add(self, figures: Iterable[Figure], stretch: Stretch | None, arguments: Iterable[object]) -> None:
        """Figures that were read, the period that they are of, and what was asked for (the top so many)."""
        for figure in figures:
            label = _plain(figure.label)
            self._names.update(name for name in (label, *label.split(", ")) if _is_name(name))
            self._days.update(_dates_in(label))
            value = abs(figure.value)
            if figure.currency:
                self._exact.add(value / 10 ** EXPONENTS.get(figure.currency, 2))
            elif figure.unit == "ratio":
                self._ratios.add(value)
            else:
                self._exact.add(value)
        for day in (stretch.first, stretch.end, stretch.last) if stretch else ():
            if day is not None:
                self._days.add(day)
        for argument in arguments:
            if isinstance(argument, int) and not isinstance(argument, bool):
                self._exact.add(argument)
            elif isinstance(argument, str) and (days := re.fullmatch(r"last_(\d+)_days", argument)):
                self._exact.add(int(days[1]))

    def unfounded(self, text: str) -> list[str]:
        """The numbers of a text that are in no figure, as they are written."""
        text = _LIST_MARK.sub(" ", _plain(text))
        for name in sorted(self._names, key=len, reverse=True):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
        text = self._without_dates(text)
        found = []
        for match in _NUMBER.finditer(text):
            if not self._is_founded(
                match[1], match[2], is_percent=text[match.end() :].lstrip().startswith("%")
            ):
                found.append(match[0])
        text = _NUMBER.sub(" ", text)
        found += [match[0] for match in _VAGUE.finditer(text)]
        for word in re.findall(r"[^\W\d_]+", text):
            if word in _WORDS and float(_WORDS[word]) not in self._exact:
                found.append(word)
        return found

    def _is_founded(self, digits: str, scale: str | None, *, is_percent: bool) -> bool:
        if (
            not scale
            and " " in digits
            and all(self._is_founded(d, None, is_percent=False) for d in digits.split())
        ):
            return True
        times = _SCALES[scale[:3]] if scale else 1.0
        for shown, decimals in _readings(digits):
            reach = 0.5 * times / 10**decimals + 1e-9
            for value in self._exact:
                is_same = abs(value - shown * times) <= (reach if value != int(value) or times > 1 else 1e-9)
                if is_same:
                    return True
            for ratio in self._ratios:
                if is_percent and abs(ratio * 100 - shown) <= reach:
                    return True
                if decimals >= 2 and abs(ratio - shown) <= reach:
                    return True
        return False

    def _without_dates(self, text: str) -> str:
        def of(year: str | None, month: str, day: str | None) -> bool:
            return any(
                (year is None or known.year == int(year))
                and known.month == int(month)
                and (day is None or known.day == int(day))
                for known in self._days
            )

        text = _ISO.sub(lambda m: " " if of(m[1], m[2], m[3]) else m[0], text)
        text = _DAY_MONTH.sub(lambda m: " " if of(m[3], _month(m[2]), m[1]) else m[0], text)
        text = _MONTH_YEAR.sub(lambda m: " " if of(m[2], _month(m[1]), None) else m[0], text)
        text = _MONTH_DAY.sub(lambda m: " " if of(m[3], _month(m[1]), m[2]) else m[0], text)
        years = {str(day.year) for day in self._days}
        return re.sub(r"\b20\d\d\b(?![.,]?\d)", lambda m: " " if m[0] in years else m[0], text)


def _dates_in(text: str) -> Iterable[date]:
    for found in _ISO.finditer(text):
        # Names may hold what only looks like a date.
        with suppress(ValueError):
            yield date.fromisoformat(found[0])


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2212", "-").replace("ё", "е")
    return text.replace("*", "").replace("`", "").replace("__", "")


def _is_name(text: str) -> bool:
    """Whether a text with digits is read as a name; one that reads as an amount would let that amount pass."""
    rest = re.sub(rf"{_NUMBER.pattern}|\b(?:{_CURRENCIES})\b", " ", text)
    return any(character.isdigit() for character in text) and len(re.findall(r"[^\W\d_]", rest)) >= 3


def _month(name: str) -> str:
    if name in MONTHS:
        return str(MONTHS.index(name) + 1)
    return str(next(n for n, stem in enumerate(_RU_MONTHS, 1) if name.startswith(stem)))


def _readings(digits: str) -> Iterable[tuple[float, int]]:
    """What a number may mean, each with how many decimals it shows: signs between digits differ by language."""
    for thousands, point in ((" ,'\u2019", "."), (" .'\u2019", ",")):
        text = digits
        for sign in thousands:
            text = re.sub(rf"{re.escape(sign)}(?=\d{{3}}(?!\d))", "", text)
        text = text.replace(point, ".", 1) if point != "." else text
        if re.fullmatch(r"\d+(?:\.\d+)?", text):
            yield float(text), len(text.partition(".")[2])
