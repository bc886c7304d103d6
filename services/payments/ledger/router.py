"""The HTTP side of the ledger: to read only; postings are made by what happens."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.payments.deps import Ledger
from services.payments.ledger.schemas import (
    LedgerAccountOut,
    LedgerAccountQuery,
    LedgerProof,
    LedgerTransactionOut,
    LedgerTransactionQuery,
)

router = APIRouter(prefix="/ledger", tags=["ledger"])
READ = allow("payments.ledger.read")


@router.get("/accounts", response_model=Page[LedgerAccountOut], dependencies=[READ])
async def list_ledger_accounts(query: Annotated[LedgerAccountQuery, Query()], ledger: Ledger) -> Any:
    """List accounts with their balances, as of `at` or now."""
    return await ledger.list_accounts(query, query.at)


@router.get("/transactions", response_model=Page[LedgerTransactionOut], dependencies=[READ])
async def list_ledger_transactions(query: Annotated[LedgerTransactionQuery, Query()], ledger: Ledger) -> Any:
    """List transactions with their entries, newest first."""
    return await ledger.list(query)


@router.get(
    "/transactions/{transaction_id}",
    response_model=LedgerTransactionOut,
    dependencies=[READ],
    responses=problems(NotFound),
)
async def get_ledger_transaction(transaction_id: UUID, ledger: Ledger) -> Any:
    """Read one transaction with its entries."""
    return await ledger.read(transaction_id)


@router.get("/proof", response_model=LedgerProof, dependencies=[READ])
async def prove_ledger(ledger: Ledger) -> Any:
    """Add up the whole ledger of the business."""
    return await ledger.proof()
