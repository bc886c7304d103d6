"""Bodies and queries of domains."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

Host = Annotated[
    str,
    Field(
        max_length=253,
        # RFC 1123: at least two labels of letters, digits and inner hyphens.
        pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.?$",
        examples=["shop.karoo-coffee.example"],
    ),
]


class DomainCreate(Schema):
    """A host name to be reached under."""

    host: Host


class DomainUpdate(PatchSchema):
    """Another host name; without one nothing changes."""

    host: Host = ""


class Method(StrEnum):
    """How a host name is proven to be one's own."""

    DNS = "dns"
    FILE = "file"


class Verify(Schema):
    """How to look for the proof; both ways where none is named."""

    method: Method | None = None


class DnsProof(OutSchema):
    """A record in the DNS."""

    type: str = "TXT"
    name: str
    value: str


class FileProof(OutSchema):
    """A file on the site."""

    url: str
    content: str


class Verification(OutSchema):
    """What proves that a host name is the business's own: one of the two."""

    token: str
    dns: DnsProof
    file: FileProof


def verification_of(host: str, token: str) -> Verification:
    """What is looked for under a host name."""
    proof = f"pillars-verification={token}"
    return Verification(
        token=token,
        dns=DnsProof(name=f"_pillars-verification.{host}", value=proof),
        file=FileProof(url=f"https://{host}/.well-known/pillars-verification.txt", content=proof),
    )


class DomainOut(OutSchema):
    """A host name of a business. It leads to the business once it `is_verified`."""

    id: UUID
    host: str
    is_verified: bool
    verified_at: datetime | None
    verified_by: Method | None
    checked_at: datetime | None
    misses: int = Field(
        0,
        description="Looks in a row at which the record was not to be seen any more. It has to stay in the DNS: after "
        "several the host name leads nowhere",
    )
    verification: Verification | None = Field(
        None, description="What proves it; none while it is proven and the proof is to be seen"
    )
    version: int
    created_at: datetime
    updated_at: datetime

    @model_validator(mode="before")
    @classmethod
    def _with_proof(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return row
        names = [name for name in cls.model_fields if name != "verification"]
        shown = row.token is not None and (row.verified_at is None or row.misses > 0)
        proof = verification_of(row.host, row.token) if shown else None
        return {**{name: getattr(row, name) for name in names}, "verification": proof}


class DomainQuery(ListQuery):
    """How to list domains."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("host",)
