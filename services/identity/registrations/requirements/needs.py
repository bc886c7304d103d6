"""What an application needs, what of it is there, and taking in what the applicant supplies."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import ValidationFailed
from libs.common.ids import new_id
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.requirements.checks import CHECKS, Applicant
from services.identity.registrations.requirements.content import (
    CONTENT_TYPES,
    MAX_BYTES,
    content_type_of,
    decoded,
)
from services.identity.registrations.requirements.errors import (
    AnswerRefused,
    DocumentRefused,
    NotAskedFor,
    TooManyDocuments,
)
from services.identity.registrations.requirements.fields import wrong_with
from services.identity.registrations.requirements.models import (
    CheckResult,
    Document,
    Outcome,
    Requirement,
    RequirementKind,
)
from services.identity.registrations.requirements.repository import (
    MOST_DOCUMENTS,
    CheckRepository,
    DocumentRepository,
    RequirementRepository,
)
from services.identity.registrations.requirements.schemas import DocumentIn
from services.identity.registrations.timeline.repository import Timeline


@dataclass(frozen=True, slots=True)
class Need:
    """A requirement of an application and where it stands."""

    requirement: Requirement
    state: str
    is_asked_for: bool
    detail: str | None = None
    value: Any = None
    document: Document | None = None

    @property
    def is_unmet(self) -> bool:
        """Whether it is required and neither there nor waived."""
        return self.requirement.is_required and self.state in ("missing", "failed")

    def to_json(self) -> dict[str, Any]:
        """As it is shown."""
        row = self.requirement
        return {
            "code": row.code,
            "kind": row.kind,
            "label": row.label,
            "description": row.description,
            "is_required": row.is_required,
            "is_asked_for": self.is_asked_for,
            "state": self.state,
            "detail": self.detail,
            "value": self.value,
            "document_id": self.document.id if self.document else None,
            "rule": row.rule,
        }


@dataclass(frozen=True, slots=True)
class Needs:
    """All that an application needs."""

    items: list[Need] = field(default_factory=list)

    @property
    def missing(self) -> list[str]:
        """The codes of what is required and not there."""
        return [need.requirement.code for need in self.items if need.is_unmet]

    def to_json(self) -> dict[str, Any]:
        """As it is shown."""
        missing = self.missing
        return {"items": [n.to_json() for n in self.items], "missing": missing, "is_complete": not missing}


class NeedsService:
    """Over one application, in the platform scope; whoever calls has seen to it that the caller may."""

    def __init__(self, uow: UnitOfWork, registration: Registration) -> None:
        self.uow = uow
        self.registration = registration
        self.documents = DocumentRepository(uow, registration)
        self.checks = CheckRepository(uow, registration)

    async def requirements(self) -> list[Requirement]:
        """The requirements that hold for the application."""
        return await RequirementRepository(self.uow).applicable(
            self.registration.product, self.registration.country
        )

    async def view(self) -> Needs:
        """What is needed and what is there."""
        rows = await self.requirements()
        if not rows:
            return Needs()
        documents = await self.documents.newest()
        results = {result.requirement: result for result in await self.checks.newest()}
        return Needs([self._need(row, documents, results) for row in rows])

    def _need(
        self, row: Requirement, documents: Mapping[str, Document], results: Mapping[str, CheckResult]
    ) -> Need:
        registration = self.registration
        asked = row.code in registration.asked_for
        document = documents.get(row.code) if row.kind == RequirementKind.DOCUMENT else None
        value = registration.answers.get(row.code) if row.kind == RequirementKind.FIELD else None
        result = results.get(row.code) if row.kind == RequirementKind.CHECK else None
        state = result.outcome if result else "given" if document or value is not None else "missing"
        if state in ("missing", Outcome.FAILED) and row.code in registration.waived:
            state = "waived"
        return Need(row, state, asked, result.detail if result else None, value, document)

    async def answer(self, fields: Mapping[str, Any]) -> None:
        """Take in answers; None takes one back.

        Raises:
            NotAskedFor: one is of no field of the application, or cannot be changed now.
            AnswerRefused: one does not fit its field.
        """
        known = {r.code: r for r in await self.requirements() if r.kind == RequirementKind.FIELD}
        errors = []
        for code, answer in fields.items():
            if code not in known:
                raise NotAskedFor(f"The application has no field {code}.", requirement=code)
            self._check_open(code, is_there=code in self.registration.answers)
            wrong = None if answer is None else wrong_with(answer, known[code].rule)
            if wrong:
                errors.append({"loc": ["body", "fields", code], "msg": wrong, "type": "answer"})
        if errors:
            raise AnswerRefused("One or more answers do not fit.", errors=errors)
        merged = {**self.registration.answers, **fields}
        self.registration.answers = {code: value for code, value in merged.items() if value is not None}
        Timeline(self.uow).add(
            self.registration, "fields_given", is_public=True, data={"fields": sorted(fields)}
        )

    async def hand_in(self, body: DocumentIn) -> Document:
        """Take in a document, in the place of the one before.

        Raises:
            NotAskedFor: the application needs no such document, or it cannot be changed now.
            TooManyDocuments: so many were handed in.
            DocumentRefused: it is of another type.
            ValidationFailed: it is no base64, or too large.
        """
        row = next(
            (
                r
                for r in await self.requirements()
                if r.code == body.requirement and r.kind == RequirementKind.DOCUMENT
            ),
            None,
        )
        if row is None:
            raise NotAskedFor("The application needs no such document.", requirement=body.requirement)
        there = await self.documents.newest()
        self._check_open(row.code, is_there=row.code in there)
        if await self.documents.kept() >= MOST_DOCUMENTS:
            raise TooManyDocuments(f"At most {MOST_DOCUMENTS} are kept, replaced ones with them.")
        content = decoded(body.content_base64)
        limit = row.rule.get("max_bytes", MAX_BYTES)
        if not content or len(content) > limit:
            message = f"must be base64 of 1 to {limit} bytes"
            raise ValidationFailed.of("content_base64", message, "document")
        kind, taken = content_type_of(content), row.rule.get("content_types", list(CONTENT_TYPES))
        if kind not in taken:
            raise DocumentRefused(f"Send one of {', '.join(taken)}.", content_types=taken)
        document = await self.documents.replace(
            Document(
                tenant_id=self.registration.tenant_id,
                id=new_id(),
                registration_id=self.registration.id,
                requirement=row.code,
                filename=body.filename,
                content_type=kind,
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                content=content,
                uploaded_by_id=self.uow.actor.user_id,
            )
        )
        Timeline(self.uow).add(
            self.registration, "document_given", is_public=True, data={"requirement": row.code}
        )
        return document

    async def run_checks(self) -> list[CheckResult]:
        """Run the checks that the application needs, and keep what came of them."""
        wanted = [r for r in await self.requirements() if r.kind == RequirementKind.CHECK]
        if not wanted:
            return []
        business = self.registration.business
        applicant = Applicant(
            country=self.registration.country,
            registration_number=business.get("registration_number"),
            email=self.registration.owner_email,
            website=business.get("website"),
            doubles=await self.checks.doubles(),
        )
        results = [self._result(row, applicant) for row in wanted]
        await self.checks.add(results)
        outcomes = {result.requirement: result.outcome for result in results}
        Timeline(self.uow).add(self.registration, "checks_run", data={"outcomes": outcomes})
        return results

    def _result(self, row: Requirement, applicant: Applicant) -> CheckResult:
        outcome, detail = CHECKS[row.rule["check"]](applicant, row.rule)
        return CheckResult(
            tenant_id=self.registration.tenant_id,
            id=new_id(),
            created_at=self.uow.now,
            updated_at=self.uow.now,
            registration_id=self.registration.id,
            requirement=row.code,
            check=row.rule["check"],
            round=self.registration.round,
            outcome=outcome,
            detail=detail,
        )

    def _check_open(self, code: str, *, is_there: bool) -> None:
        """Let a change pass: of what was asked for, or of what is missing while staff review.

        What staff approve must not change under their hands.
        """
        status = self.registration.status
        if status == RegistrationStatus.CHANGES_REQUESTED:
            return
        if status == RegistrationStatus.SUBMITTED and not is_there:
            return
        raise NotAskedFor("It is there, and no change was asked for.", requirement=code)
