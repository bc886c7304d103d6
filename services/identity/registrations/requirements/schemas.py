"""Bodies and queries of requirements and of what is supplied for them."""

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.identity.registrations.requirements.checks import CHECKS
from services.identity.registrations.requirements.content import CONTENT_TYPES, MAX_BYTES
from services.identity.registrations.requirements.fields import MOST_MATCHED
from services.identity.registrations.requirements.models import Outcome, RequirementKind

Code = Annotated[
    str, Field(pattern="^[a-z][a-z0-9_]{0,58}[a-z0-9]$", description="For good", examples=["certificate"])
]
Sku = Annotated[str, Field(min_length=1, max_length=100, examples=["micro-sites"])]
Label = Annotated[str, Field(min_length=1, max_length=200, examples=["Certificate of incorporation"])]
# What makes a pattern take long: a group that repeats, each part that repeats (as often as the text is long), and each
# choice (two ways). The most is what three repeats cost.
_REPEATED_GROUP = re.compile(r"\)\s*[*+{]")
_REPEATS, _CHOICES = re.compile(r"[*+]|\{\d*,"), re.compile(r"[?|]")
_MOST_WAYS = MOST_MATCHED**3


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("must be a regular expression") from error
    ways = MOST_MATCHED ** len(_REPEATS.findall(value)) * 2 ** len(_CHOICES.findall(value))
    if _REPEATED_GROUP.search(value) or ways > _MOST_WAYS:
        raise ValueError(
            "must have no group that repeats, at most 3 of * and +, and fewer of ? and | with them"
        )
    if re.search(r"\\\d|\(\?", value):
        raise ValueError("must have no reference back and no look around")
    return value


Pattern = Annotated[
    str,
    Field(max_length=200, description="A regular expression that the whole text fits"),
    AfterValidator(_pattern),
]


class RequirementRule(Schema):
    """What the thing required may be; which members apply depends on the kind."""

    content_types: list[Literal["application/pdf", "image/png", "image/jpeg"]] | None = Field(
        None,
        min_length=1,
        max_length=3,
        description=f"Of a document; by default any of {', '.join(CONTENT_TYPES)}",
    )
    max_bytes: int | None = Field(None, ge=1, le=MAX_BYTES, description="Of a document")
    type: Literal["text", "number", "boolean", "date", "choice"] | None = Field(
        None, description="Of a field"
    )
    pattern: Pattern | None = None
    max_length: int | None = Field(None, ge=1, le=4000)
    min: int | None = None
    max: int | None = None
    choices: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        None, min_length=1, max_length=100, description="Of a field of the type `choice`"
    )
    check: Literal["registration_number", "email_domain", "duplicate_business"] | None = Field(
        None, description="Of a check: which one"
    )
    refused: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=200, description="Of the check `email_domain`: further domains that are refused"
    )


class RequirementReplace(Schema):
    """A requirement, except its code."""

    kind: RequirementKind
    label: Label
    description: str | None = Field(None, max_length=1000)
    product: Sku | None = Field(None, description="For applications for this product; for all where absent")
    country: Country | None = Field(None, description="For businesses of this country; for all where absent")
    is_required: bool = Field(True, description="Whether an application is not approved by hand without it")
    is_active: bool = Field(True, description="One that is not takes away the wider ones of its code")
    rule: RequirementRule = Field(default_factory=RequirementRule)

    @model_validator(mode="after")
    def _fitting(self) -> "RequirementReplace":
        check_rule(self.kind, self.rule.model_dump(exclude_none=True))
        return self


class RequirementCreate(RequirementReplace):
    """A new requirement."""

    code: Code


class RequirementUpdate(PatchSchema):
    """The fields to change."""

    kind: RequirementKind = RequirementKind.FIELD
    label: Label = ""
    description: str | None = Field(None, max_length=1000)
    product: Sku | None = None
    country: Country | None = None
    is_required: bool = True
    is_active: bool = True
    rule: RequirementRule = Field(default_factory=RequirementRule)


class RequirementOut(OutSchema):
    """Something that applications need."""

    id: UUID
    code: str
    kind: RequirementKind
    label: str
    description: str | None
    product: str | None
    country: str | None
    is_required: bool
    is_active: bool
    rule: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


class RequirementQuery(ListQuery):
    """How to list requirements."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("code", "label", "description")

    kind: list[RequirementKind] | None = None
    product: list[str] | None = None
    country: list[Country] | None = None
    code: list[str] | None = None


def check_rule(kind: str, rule: dict[str, Any]) -> None:
    """Raise `ValueError` where a rule is not one for this kind of requirement."""
    allowed = {
        RequirementKind.DOCUMENT: {"content_types", "max_bytes"},
        RequirementKind.FIELD: {"type", "pattern", "max_length", "min", "max", "choices"},
        RequirementKind.CHECK: {"check", "pattern", "refused"},
    }[RequirementKind(kind)]
    if strange := sorted(set(rule) - allowed):
        raise ValueError(f"a {kind} has no {', '.join(strange)}")
    if kind == RequirementKind.CHECK and rule.get("check") not in CHECKS:
        raise ValueError("name the check in rule.check")
    low, high = rule.get("min"), rule.get("max")
    if low is not None and high is not None and low > high:
        raise ValueError("rule.min is above rule.max")
    if kind == RequirementKind.FIELD and rule.get("type") == "choice" and not rule.get("choices"):
        raise ValueError("name the choices in rule.choices")


class NeedOut(OutSchema):
    """Something that an application needs, and whether it is there."""

    code: str
    kind: RequirementKind
    label: str
    description: str | None
    is_required: bool
    is_asked_for: bool
    state: Literal["missing", "given", "passed", "failed", "skipped", "waived"]
    detail: str | None = None
    value: StrictStr | StrictInt | StrictBool | None = None
    document_id: UUID | None = None
    rule: dict[str, Any]


class NeedsOut(OutSchema):
    """What an application needs and what of it is there."""

    items: list[NeedOut]
    missing: list[str] = Field(description="The codes of what is required and not there")
    is_complete: bool


Answer = StrictBool | StrictInt | Annotated[StrictStr, Field(max_length=4000)]


class FieldsIn(Schema):
    """Answers by the code of the requirement; null takes one back."""

    fields: dict[str, Answer | None] = Field(
        min_length=1, max_length=100, examples=[{"vat_number": "4123456789"}]
    )


class DocumentIn(Schema):
    """A document for a requirement."""

    requirement: Code
    filename: str = Field(
        min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f\x7f]+$", examples=["certificate.pdf"]
    )
    content_base64: str = Field(min_length=4, max_length=1_000_000, examples=["JVBERi0xLjQK"])


class DocumentOut(OutSchema):
    """A document that was handed in; `GET …/content` has its bytes."""

    id: UUID
    requirement: str
    filename: str
    content_type: str
    size: int
    sha256: str
    uploaded_by_id: UUID | None
    created_at: datetime


class DocumentQuery(ListQuery):
    """How to list documents."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("requirement", "filename")


class CheckOut(OutSchema):
    """What came of a check."""

    requirement: str
    check: str
    round: int
    outcome: Outcome
    detail: str
    created_at: datetime


class ChecksOut(OutSchema):
    """The newest results of each check."""

    items: list[CheckOut]
