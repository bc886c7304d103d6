"""Telephone numbers, as people and their telephones write them."""

from typing import Annotated

from pydantic import Field

# As much of one line as there is; see `libs.common.schema.ONE_LINE`.
_LINE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*"
# People write `Cell 082 555 0100 & 0101`, `555 0100 ext. 7` and `0800 FLOWERS`, in digits of any script. What has no digit
# is none, and neither is what has more than one line. Empty where a form sends what was not filled in.
Phone = Annotated[
    str,
    Field(max_length=40, pattern=rf"^$|^{_LINE}\d{_LINE}$", examples=["+27215550100"]),
]
