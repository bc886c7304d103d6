"""What a person has shown of himself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FirstFactor:
    """That a person has shown who he is, in one way.

    Attributes:
        user_id: who it is.
        amr: the methods by their registered names (RFC 8176), such as `pwd`, `hwk` and `user`.
        is_multi_factor: whether they are two factors by themselves, as a passkey with user verification is.
        is_remembered: whether the session is to outlive half an hour without a request.
    """

    user_id: UUID
    amr: tuple[str, ...]
    is_multi_factor: bool = False
    is_remembered: bool = True

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "FirstFactor":
        """From the JSON of a ticket."""
        return cls(UUID(document["user_id"]), tuple(document["amr"]), is_remembered=document["is_remembered"])

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods as the session notes them: `mfa` says that they are more than one factor."""
        return (*self.amr, "mfa") if self.is_multi_factor and "mfa" not in self.amr else self.amr

    def with_code(self) -> "FirstFactor":
        """The same with a one-time code as the second factor."""
        return replace(self, amr=(*self.amr, "otp"), is_multi_factor=True)
