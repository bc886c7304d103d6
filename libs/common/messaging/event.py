"""The base of every event class, and the registry of wire names."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

# Every event class by its wire name; filled by importing the modules of `libs.contracts`.
REGISTRY: dict[str, type["Event"]] = {}


class Event(BaseModel):
    """A fact that happened, in the words of the service that owns it.

    A subclass writes its `wire_name` (`<service>.<fact>.v<n>`) and the field that names its subject. Classes are
    additive only: readers ignore fields they do not know, new fields have defaults, a breaking change is a new
    version with a class of its own.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    wire_name: ClassVar[str] = ""
    # The noun and field of the thing the fact is about: ("order", "order_id") gives the subject "order/<id>".
    about: ClassVar[tuple[str, str]] = ("", "")
    # Whether every process that listens hears of it at once, beside the queues; see `listening`.
    is_broadcast: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.wire_name:
            if cls.wire_name in REGISTRY and REGISTRY[cls.wire_name].__qualname__ != cls.__qualname__:
                raise TypeError(f"two classes claim the wire name {cls.wire_name}")
            REGISTRY[cls.wire_name] = cls

    @property
    def subject(self) -> str:
        """What the fact is about, as `<noun>/<id>`; events of one subject are published in order."""
        noun, field = self.about
        return f"{noun}/{getattr(self, field)}"
