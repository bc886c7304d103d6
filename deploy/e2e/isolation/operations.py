"""The operations of the API document."""

import re
from dataclasses import dataclass

from deploy.e2e.isolation.words import Json

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    spec: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        """The parameters of its path."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_stream(self) -> bool:
        """Whether it answers with events for as long as one listens."""
        return any("text/event-stream" in r.get("content", {}) for r in self.spec["responses"].values())

    @property
    def schema(self) -> Json | None:
        """The schema of its JSON body."""
        content = self.spec.get("requestBody", {}).get("content", {}).get("application/json")
        return content and content["schema"]

    def fits(self, path: str) -> bool:
        """Whether a path is one of this operation's."""
        return re.fullmatch(re.sub(r"{\w+}", "[^/]+", self.path), path) is not None
