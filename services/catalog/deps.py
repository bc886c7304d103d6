"""The aliases that catalog routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.catalog.assigned_products.service import AssignedProductService
from services.catalog.categories.service import CategoryService
from services.catalog.prices.service import PriceService
from services.catalog.products.service import ProductService
from services.catalog.reservations.service import ReservationService
from services.catalog.stock.service import StockService
from services.catalog.stores.service import StoreService
from services.catalog.suppliers.service import SupplierService
from services.catalog.variants.service import VariantService

AssignedProducts = Annotated[
    AssignedProductService, Depends(provide(AssignedProductService), scope="function")
]
Categories = Annotated[CategoryService, Depends(provide(CategoryService), scope="function")]
Prices = Annotated[PriceService, Depends(provide(PriceService), scope="function")]
Products = Annotated[ProductService, Depends(provide(ProductService), scope="function")]
Reservations = Annotated[ReservationService, Depends(provide(ReservationService), scope="function")]
Stock = Annotated[StockService, Depends(provide(StockService), scope="function")]
Stores = Annotated[StoreService, Depends(provide(StoreService), scope="function")]
Suppliers = Annotated[SupplierService, Depends(provide(SupplierService), scope="function")]
Variants = Annotated[VariantService, Depends(provide(VariantService), scope="function")]
