"""The checks, by name: each a pure function of what is known of an applicant."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from services.identity.registrations.requirements.models import Outcome

Result = tuple[Outcome, str]

# How registers of companies number them; the form alone is looked at.
NUMBER_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "DE": r"HR[AB] ?\d{1,6}( ?[A-Z]{1,2})?",
        "FR": r"\d{9}|\d{14}",
        "GB": r"(\d{8}|(SC|NI|OC|SO|NC)\d{6})",
        "KE": r"(PVT|CPR|BN)[-/ ]?[A-Z0-9/]{4,12}",
        "KG": r"\d{5,6}-\d{4}-[A-ZА-Я]{2,4}|\d{14}",
        "KZ": r"\d{12}",
        "NG": r"(RC|BN) ?\d{4,8}",
        "NL": r"\d{8}",
        "RU": r"\d{13}|\d{15}",
        "US": r"\d{2}-\d{7}",
        "ZA": r"\d{4}/\d{6}/\d{2}",
    }
)
FREE_MAIL = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "icloud.com",
        "me.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "yandex.com",
        "zoho.com",
        "webmail.co.za",
        "mweb.co.za",
    ]
)


@dataclass(frozen=True, slots=True)
class Applicant:
    """What checks look at. `doubles` are the names of other open or approved businesses like this one."""

    country: str | None
    registration_number: str | None
    email: str
    website: str | None
    doubles: tuple[str, ...] = ()


def registration_number(applicant: Applicant, options: Mapping[str, Any]) -> Result:
    """The number has the form that registers of the country give; `pattern` names another form."""
    number = applicant.registration_number
    if not number:
        return Outcome.FAILED, "No registration number was given."
    pattern = options.get("pattern") or NUMBER_PATTERNS.get(applicant.country or "")
    if pattern is None:
        return Outcome.SKIPPED, "The form of registration numbers of this country is not known."
    if re.fullmatch(pattern, number.strip().upper()):
        return Outcome.PASSED, "The number has the form that the register gives."
    return Outcome.FAILED, "The number has not the form that the register gives."


def email_domain(applicant: Applicant, options: Mapping[str, Any]) -> Result:
    """The address is the business's own: of the domain of its website, or of no provider of free mail."""
    domain = applicant.email.rpartition("@")[2].lower()
    if domain in FREE_MAIL | frozenset(options.get("refused", ())):
        return Outcome.FAILED, f"{domain} gives addresses to anybody."
    host = _host(applicant.website)
    if host is None:
        return Outcome.PASSED, "The address is of no provider of free mail."
    if domain == host or domain.endswith(f".{host}") or host.endswith(f".{domain}"):
        return Outcome.PASSED, "The address is of the domain of the website."
    return Outcome.FAILED, f"The address is of {domain}, the website of {host}."


def duplicate_business(applicant: Applicant, options: Mapping[str, Any]) -> Result:
    """No other business has the same registration number, or the same name in the same country."""
    if applicant.doubles:
        return Outcome.FAILED, f"Other businesses are like this one: {len(applicant.doubles)}."
    return Outcome.PASSED, "No other business is like this one."


def _host(website: str | None) -> str | None:
    if not website:
        return None
    try:
        host = urlsplit(website if "//" in website else f"//{website}").hostname
    except ValueError:
        return None
    return host.removeprefix("www.").lower() if host else None


CHECKS: Mapping[str, Callable[[Applicant, Mapping[str, Any]], Result]] = MappingProxyType(
    {
        "registration_number": registration_number,
        "email_domain": email_domain,
        "duplicate_business": duplicate_business,
    }
)
