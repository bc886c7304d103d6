"""Telephone numbers, as people and their telephones write them."""

from typing import Annotated

from pydantic import Field

# What stands before and between the digits: signs of either width, spaces and dashes of any kind, and the marks of
# direction that telephones put around a number they copy.
_SIGNS = r"+＋*＊#＃().,;:=/（） \u00a0\u2007\u2009\u202f\u3000\u2010-\u2015\u2212－\u200e\u200f\u202a-\u202e\u2066-\u2069\[\]-"

# It may be short (an extension, 112), in digits of any script, and have letters behind its first digit: `0800 FLOWERS`,
# `555 0100 ext. 7`. Empty where a form sends what was not filled in.
Phone = Annotated[
    str,
    Field(
        max_length=40,
        pattern=rf"^([Tt][Ee][Ll]:)?[{_SIGNS}]*\d[\w{_SIGNS}]*$|^$",
        examples=["+27215550100"],
    ),
]
