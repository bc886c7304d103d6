"""What a new installation needs: the operator's own products, which businesses get when they register."""

from sqlalchemy import select

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.money import Price
from libs.common.runtime.context import ServiceContext
from services.catalog.assigned_products.service import DEFAULT_PRODUCT
from services.catalog.locks import hold
from services.catalog.products.schemas import ProductCreate, ProductStatus, ProductType
from services.catalog.products.service import ProductService
from services.catalog.variants.models import Variant
from services.catalog.variants.schemas import VariantCreate

# SKU (and slug), name, description, price in cents of ZAR.
PRODUCTS = (
    (DEFAULT_PRODUCT, "Micro site", "A small site with its own address, filled from the catalogue.", 49_900),
    ("online-shop", "Online shop", "A shop with carts, payments, shipping and stock.", 99_900),
    ("custom-domain", "Custom domain", "The site or shop under a domain of one's own.", 14_900),
)


async def seed(context: ServiceContext) -> None:
    """Make the operator's products, each once; one that the staff removed stays removed."""
    async with context.unit_of_work(tenant_id=OPERATOR_TENANT_ID) as uow:
        await hold(uow, "seed")
        statement = select(Variant.sku).where(Variant.tenant_id == OPERATOR_TENANT_ID)
        known = set((await uow.session.execute(statement)).scalars())
        for sku, name, description, amount in PRODUCTS:
            if sku in known:
                continue
            variant = VariantCreate(sku=sku, price=Price(amount=amount, currency="ZAR"), track_stock=False)
            await ProductService(uow).create(
                ProductCreate(
                    name=name,
                    slug=sku,
                    description=description,
                    type=ProductType.SERVICE,
                    status=ProductStatus.ACTIVE,
                    variants=[variant],
                )
            )
