"""Addresses of websites, which frontends show as links."""

from typing import Annotated

from pydantic import Field

# With or without a scheme, but no other one than the web's: `javascript:` in a link runs as whoever looks at it.
Website = Annotated[
    str,
    Field(
        max_length=300,
        pattern=r"^([Hh][Tt][Tt][Pp][Ss]?://)?[^\s/:@?#]+\.[^\s/:@?#]+(:[0-9]{1,5})?([/?#]\S*)?$|^$",
        examples=["https://karoo.example"],
    ),
]
