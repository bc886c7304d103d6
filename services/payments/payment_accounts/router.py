"""The HTTP side of payment accounts. They say where the money goes, so whoever changes one has shown lately who he is."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed, ReauthenticationRequired
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.http.recent import recently_authenticated
from libs.common.pagination import Page
from services.payments.caller import CurrentCaller
from services.payments.deps import PaymentAccounts
from services.payments.payment_accounts.errors import AccountAlreadyActive, AccountFixed, SandboxDisabled
from services.payments.payment_accounts.schemas import (
    PaymentAccountCreate,
    PaymentAccountOut,
    PaymentAccountQuery,
    PaymentAccountTest,
    PaymentAccountUpdate,
)
from services.payments.payment_accounts.service import PaymentAccountService
from services.payments.providers.base import InvalidCredentials, ProviderRefused, ProviderUnavailable
from services.payments.providers.registry import provider_of

router = APIRouter(prefix="/payment-accounts", tags=["payment accounts"])
READ = allow("payments.accounts.read")
WRITE = allow("payments.accounts.write", active=True)
RISKY = [WRITE, recently_authenticated()]
_CHANGE = problems(
    NotFound,
    PreconditionFailed,
    AccountAlreadyActive,
    AccountFixed,
    InvalidCredentials,
    ReauthenticationRequired,
)


@router.get("", response_model=Page[PaymentAccountOut], dependencies=[READ])
async def list_payment_accounts(
    query: Annotated[PaymentAccountQuery, Query()], accounts: PaymentAccounts
) -> Any:
    """List payment accounts, newest first."""
    return await accounts.list(query)


@router.post(
    "",
    response_model=PaymentAccountOut,
    status_code=201,
    dependencies=RISKY,
    responses=problems(AccountAlreadyActive, SandboxDisabled, InvalidCredentials, ReauthenticationRequired),
)
async def create_payment_account(body: PaymentAccountCreate, accounts: PaymentAccounts) -> Any:
    """Add a payment account. The credentials are kept encrypted and never shown again."""
    return await accounts.create(body)


@router.get(
    "/{account_id}", response_model=PaymentAccountOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_payment_account(account_id: UUID, accounts: PaymentAccounts) -> Any:
    """Read one payment account."""
    return await accounts.get(account_id)


@router.patch("/{account_id}", response_model=PaymentAccountOut, dependencies=RISKY, responses=_CHANGE)
async def update_payment_account(
    account_id: UUID, body: PaymentAccountUpdate, accounts: PaymentAccounts
) -> Any:
    """Change some fields of a payment account."""
    return await accounts.update(account_id, body)


@router.put("/{account_id}", response_model=PaymentAccountOut, dependencies=RISKY, responses=_CHANGE)
async def replace_payment_account(
    account_id: UUID, body: PaymentAccountCreate, accounts: PaymentAccounts
) -> Any:
    """Replace a payment account; without credentials it keeps those it has."""
    return await accounts.update(account_id, body)


@router.delete(
    "/{account_id}",
    status_code=204,
    dependencies=RISKY,
    responses=problems(NotFound, ReauthenticationRequired),
)
async def delete_payment_account(account_id: UUID, accounts: PaymentAccounts) -> None:
    """Remove a payment account; payments under way through it are still completed."""
    await accounts.delete(account_id)


@router.post(
    "/{account_id}/test",
    response_model=PaymentAccountTest,
    dependencies=[WRITE],
    responses=problems(NotFound),
)
async def check_payment_account(account_id: UUID, caller: CurrentCaller) -> Any:
    """Ask the provider whether it knows the credentials."""
    async with caller.unit_of_work() as uow:
        name, merchant = await PaymentAccountService(uow).merchant(account_id)
    try:
        detail = await provider_of(caller.context, name).check(merchant)
    except (ProviderRefused, ProviderUnavailable) as error:
        return {"ok": False, "detail": error.detail or error.title}
    return {"ok": True, "detail": detail}
