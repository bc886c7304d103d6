"""The aliases that crm routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.crm.companies.service import CompanyService

Companies = Annotated[CompanyService, Depends(provide(CompanyService), scope="function")]
