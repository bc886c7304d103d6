"""Telephone numbers, as people and their telephones write them."""

from typing import Annotated

from pydantic import Field

# People write `Cell 082 555 0100 & 0101`, `555 0100 ext. 7` and `0800 FLOWERS`, in digits of any script. What has no digit
# is none, and neither is what has more than one line. Empty where a form sends what was not filled in.
Phone = Annotated[
    str,
    Field(max_length=40, pattern=r"^$|^[^\x00-\x1f]*\d[^\x00-\x1f]*$", examples=["+27215550100"]),
]
