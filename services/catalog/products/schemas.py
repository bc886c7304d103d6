"""Bodies and queries of products."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, AnyHttpUrl, ConfigDict, Field, PlainSerializer, model_validator

from libs.common.filters import Column, Custom, ListQuery
from libs.common.money import MAX_AMOUNT, Currency, Money
from libs.common.pagination import Page
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.catalog.categories.schemas import Slug
from services.catalog.variants.schemas import VariantCreate, VariantOut, VariantReplace

# A filter by attribute or option is sent as `attr.<name>=<value>`.
ATTRIBUTE_PREFIX = "attr."


class ProductType(StrEnum):
    """What kind of thing it is; only goods have stock."""

    GOODS = "goods"
    SERVICE = "service"
    DIGITAL = "digital"
    BUNDLE = "bundle"
    CLASS = "class"


class ProductStatus(StrEnum):
    """Shoppers see active products only."""

    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"


Name = Annotated[str, Field(min_length=1, max_length=200, examples=["Enamel mug"])]
Url = Annotated[AnyHttpUrl, Field(max_length=2000), PlainSerializer(str, return_type=str)]
AttributeName = Annotated[str, Field(min_length=1, max_length=50)]
AttributeValue = Annotated[str, Field(min_length=1, max_length=200)]
Attributes = Annotated[
    dict[AttributeName, AttributeValue | list[AttributeValue]],
    Field(max_length=50, examples=[{"material": "enamel", "color": ["blue", "white"]}]),
]


class Medium(Schema):
    """A picture, film or document of a product, by its address."""

    url: Url
    alt: str | None = Field(None, max_length=300)


Media = Annotated[list[Medium], Field(max_length=50)]


class ProductBody(Schema):
    """The fields of a product. Without a slug one is made from the name."""

    name: Name
    slug: Slug | None = None
    description: str | None = Field(None, max_length=20_000)
    type: ProductType = ProductType.GOODS
    status: ProductStatus = ProductStatus.DRAFT
    category_id: UUID | None = None
    attributes: Attributes = Field(default_factory=dict)
    seo_title: str | None = Field(None, max_length=200)
    seo_description: str | None = Field(None, max_length=500)
    tax_class: str | None = Field(None, min_length=1, max_length=50)
    media: Media = Field(default_factory=list)


def _different_skus(value: list[Any]) -> list[Any]:
    if len({variant.sku for variant in value}) < len(value):
        raise ValueError("two variants have the same sku")
    return value


Variants = Annotated[list[VariantCreate], Field(max_length=100), AfterValidator(_different_skus)]
ReplacedVariants = Annotated[list[VariantReplace], Field(max_length=100), AfterValidator(_different_skus)]


class ProductCreate(ProductBody):
    """A new product with its variants."""

    variants: Variants = Field(default_factory=list)


class ProductReplace(ProductBody):
    """The whole of a product in a PUT. Variants that are sent replace all others; unsent, all stay."""

    variants: ReplacedVariants | None = None


class ProductUpdate(PatchSchema):
    """The fields to change; one that is absent stays, one that is null is emptied."""

    name: Name = ""
    slug: Slug = ""
    description: str | None = Field(None, max_length=20_000)
    type: ProductType = ProductType.GOODS
    status: ProductStatus = ProductStatus.DRAFT
    category_id: UUID | None = None
    attributes: Attributes = Field(default_factory=dict)
    seo_title: str | None = Field(None, max_length=200)
    seo_description: str | None = Field(None, max_length=500)
    tax_class: str | None = Field(None, min_length=1, max_length=50)
    media: Media = Field(default_factory=list)


class MediumOut(OutSchema):
    """A picture, film or document of a product."""

    url: str
    alt: str | None = None


class MediaBody(Schema):
    """All media of a product, in their order."""

    items: Media


class MediaOut(OutSchema):
    """All media of a product, in their order."""

    items: list[MediumOut]


class ProductOut(OutSchema):
    """A product. `price` is the lowest among its variants; `in_stock` says whether any of them can be bought now."""

    id: UUID
    name: str
    slug: str
    description: str | None
    type: ProductType
    status: ProductStatus
    category_id: UUID | None
    attributes: dict[str, Any]
    seo_title: str | None
    seo_description: str | None
    tax_class: str | None
    media: list[MediumOut]
    price: Money | None
    in_stock: bool = False
    variants: list[VariantOut] = []
    version: int
    created_at: datetime
    updated_at: datetime


class CategoryCount(OutSchema):
    """How many of the products found are in a category."""

    category_id: UUID
    name: str
    count: int


class ValueCount(OutSchema):
    """How many of the products found have a value."""

    value: str
    count: int


class Facets(OutSchema):
    """Counts over the products found, the most frequent first."""

    categories: list[CategoryCount]
    attributes: dict[str, list[ValueCount]]


class ProductPage(Page[ProductOut]):
    """A page of products, with facets where they were asked for."""

    facets: Facets | None = None


class ProductQuery(ListQuery):
    """How to list products; `attr.<name>=<value>` filters by an attribute or option, repeated for any of."""

    # The names of attributes are the business's own; the validator refuses every other surplus field.
    model_config = ConfigDict(extra="allow")

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "name", "price")
    searchable: ClassVar[tuple[str, ...]] = ("search_text",)

    status: list[ProductStatus] | None = None
    type: list[ProductType] | None = None
    slug: list[str] | None = None
    category: Annotated[
        list[str] | None, Custom(), Field(description="Slug or id of a category; its branches count")
    ] = None
    category_id: Annotated[
        list[UUID] | None, Custom(), Field(description="A category; its branches count")
    ] = None
    currency: Annotated[list[Currency] | None, Column("price_currency")] = None
    price_min: Annotated[
        int | None, Column("price_amount"), Field(ge=0, le=MAX_AMOUNT, description="Minor units")
    ] = None
    price_max: Annotated[
        int | None, Column("price_amount"), Field(ge=0, le=MAX_AMOUNT, description="Minor units")
    ] = None
    in_stock: Annotated[bool | None, Custom()] = None
    facets: Annotated[bool, Custom(), Field(description="Also count categories and attributes")] = False

    @model_validator(mode="after")
    def _only_attributes_beyond(self) -> "ProductQuery":
        for name, values in (self.model_extra or {}).items():
            label = name.removeprefix(ATTRIBUTE_PREFIX)
            if not name.startswith(ATTRIBUTE_PREFIX) or not 1 <= len(label) <= 50:
                raise ValueError("a query parameter is unknown")
            if any("\0" in text for text in (label, *_values(values))):
                raise ValueError("a NUL character is not text")
        return self

    @property
    def attributes(self) -> dict[str, list[str]]:
        """The values asked for, by the name of the attribute or option."""
        return {
            name.removeprefix(ATTRIBUTE_PREFIX): _values(values)
            for name, values in (self.model_extra or {}).items()
        }

    @property
    def is_plain(self) -> bool:
        """Whether one index gives the page whatever the values are."""
        return not self.attributes and super().is_plain

    @property
    def order_column(self) -> tuple[str, bool]:
        """The order column and whether it sorts downwards."""
        name, descending = super().order_column
        return ("price_amount" if name == "price" else name), descending

    def fingerprint(self) -> str:
        """What a cursor is bound to: every filter and the order; facets may be left out on later pages."""
        filters = self.model_dump(mode="json", exclude={"cursor", "limit", "facets"}, exclude_none=True)
        return repr(sorted(filters.items()))


def _values(raw: Any) -> list[str]:
    return [str(value) for value in raw] if isinstance(raw, list) else [str(raw)]
