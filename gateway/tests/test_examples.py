"""Examples fit the schemas they are made of, whatever these hold."""

from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, RootModel
from pydantic.json_schema import models_json_schema

from gateway.examples import Examples


class Branch(BaseModel):
    name: str
    children: "list[Branch]"
    parent: "Branch | None" = None


class Everything(BaseModel):
    id: Annotated[str, Field(json_schema_extra={"format": "uuid"})]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    logo: Annotated[str, Field(pattern="^https?://")]
    code: Annotated[str, Field(min_length=40, max_length=45)]
    short: Annotated[str, Field(max_length=3)]
    few: Annotated[int, Field(gt=0, lt=3)]
    many: Annotated[int, Field(ge=1000)]
    none_at_all: Annotated[int, Field(le=0)]
    share: float
    is_there: bool
    state: Literal["open", "won"]
    size: Annotated[str, Field(examples=["250 g"])]
    tags: list[str]
    labels: dict[str, str]
    maybe: str | None
    nothing: None
    tree: Branch
    note: str | None = None
    pages: int = 3


class AllOptional(BaseModel):
    name: str = "x"
    note: str | None = None


class Wrapped(RootModel[list[AllOptional]]):
    pass


MODELS: list[type[BaseModel]] = [Everything, AllOptional, Wrapped, Branch]


def schemas() -> dict[str, Any]:
    _, found = models_json_schema(
        [(model, "validation") for model in MODELS], ref_template="#/components/schemas/{model}"
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


@pytest.mark.parametrize("writing", [True, False])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_example_fits_its_schema(model: type[BaseModel], writing: bool) -> None:
    components = {"schemas": schemas()}
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}

    example = Examples(components["schemas"]).of(reference, writing=writing)

    found = Draft202012Validator({**reference, "components": components}).iter_errors(example)
    assert [error.message for error in found] == []
    assert model.model_validate(example).model_dump(mode="json", exclude_unset=True) == example


def test_what_may_be_left_out_is_left_out_of_what_is_sent() -> None:
    examples = Examples(schemas())
    reference = {"$ref": "#/components/schemas/Everything"}

    assert "note" not in examples.of(reference, writing=True)
    assert "note" in examples.of(reference, writing=False)
    # A change that may leave out everything shows what it may hold.
    assert set(examples.of({"$ref": "#/components/schemas/AllOptional"}, writing=True)) == {"name", "note"}


def test_what_the_owner_gives_as_example_is_taken() -> None:
    examples = Examples({"Size": {"type": "string", "examples": ["250 g", "1 kg"]}})

    assert examples.of({"$ref": "#/components/schemas/Size"}, writing=True) == "250 g"
    assert examples.of({"type": "integer", "default": 7}, writing=True) == 7
    assert examples.of({"type": ["string", "null"], "enum": ["a", None]}, writing=False) == "a"
