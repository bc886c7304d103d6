"""The fields that several resources of the crm have in common, as types of their request bodies."""

from typing import Annotated

from pydantic import Field, StrictInt

from libs.common.money import MAX_AMOUNT, Money

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Karoo Coffee"])]
Text = Annotated[str, Field(max_length=10_000)]
ShortText = Annotated[str, Field(max_length=100)]
Tags = Annotated[list[Annotated[str, Field(min_length=1, max_length=50)]], Field(max_length=50)]


class Amount(Money):
    """What a deal may bring: never negative."""

    amount: Annotated[StrictInt, Field(ge=0, le=MAX_AMOUNT, description="Minor units, e.g. cents")]
