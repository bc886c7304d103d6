"""What credit notes take of an invoice and what is posted for both, as properties."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from libs.common.ids import new_id
from services.payments.credit_notes.models import CreditNote
from services.payments.credit_notes.parts import Parts, next_parts
from services.payments.credit_notes.postings import of_credit_note
from services.payments.invoices.models import Invoice
from services.payments.invoices.postings import of_invoice
from services.payments.ledger.repository import Line

CURRENCIES = st.sampled_from(["ZAR", "JPY", "KWD"])
AMOUNTS = st.integers(0, 10_000)
CUTS = st.lists(st.integers(1, 3_000), max_size=30)


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    """Final invoices of any amounts, whose prices contain any tax: added, included or both; with a discount or none."""
    goods, discount, shipping, tax = (draw(AMOUNTS) for _ in range(4))
    in_goods, in_shipping = draw(st.integers(0, goods)), draw(st.integers(0, shipping))
    return Invoice(
        id=new_id(),
        currency=draw(CURRENCIES),
        subtotal_minor=goods + discount,
        discount_minor=discount,
        shipping_minor=shipping,
        tax_minor=tax,
        tax_included_minor=in_goods + in_shipping,
        shipping_tax_included_minor=in_shipping,
        total_minor=goods + shipping + tax,
        credited_minor=0,
    )


def credited(invoice: Invoice, cuts: list[int]) -> list[Parts]:
    """The parts of credit notes of these amounts, and of a last one of the rest."""
    notes = []
    for cut in [*cuts, invoice.total_minor]:
        amount = min(cut, invoice.total_minor - invoice.credited_minor)
        notes.append(next_parts(invoice, amount))
        assert sum(notes[-1][:3]) == amount
        invoice.credited_minor += amount
    return notes


def note_of(invoice: Invoice, parts: Parts) -> CreditNote:
    """A credit note of these parts."""
    return CreditNote(
        currency=invoice.currency,
        goods_minor=parts.goods,
        shipping_minor=parts.shipping,
        tax_minor=parts.tax,
        tax_included_minor=parts.tax_included,
        shipping_tax_included_minor=parts.shipping_tax_included,
        total_minor=parts.goods + parts.shipping + parts.tax,
    )


def added(*postings: list[Line]) -> Counter[str]:
    """The balances of accounts after these postings."""
    balances: Counter[str] = Counter()
    for posting in postings:
        assert sum(amount.amount for _, amount in posting) == 0
        for account, amount in posting:
            balances[account.code] += amount.amount
    return balances


@given(invoices(), CUTS)
def test_credit_notes_take_back_every_part_exactly(invoice: Invoice, cuts: list[int]) -> None:
    notes = credited(invoice, cuts)

    assert [sum(column) for column in zip(*notes, strict=True)] == [
        invoice.subtotal_minor - invoice.discount_minor,
        invoice.shipping_minor,
        invoice.tax_minor,
        invoice.goods_tax_included.amount,
        invoice.shipping_tax_included.amount,
    ]


@given(invoices(), CUTS)
def test_no_part_is_negative_and_none_contains_more_tax_than_it_is(invoice: Invoice, cuts: list[int]) -> None:
    for parts in credited(invoice, cuts):
        assert min(parts) >= 0
        assert parts.goods_tax_included <= parts.goods
        assert parts.shipping_tax_included <= parts.shipping


@given(invoices(), CUTS)
def test_the_tax_of_each_note_is_its_part_of_the_invoice_to_the_unit(
    invoice: Invoice, cuts: list[int]
) -> None:
    whole = invoice.tax_minor + invoice.tax_included.amount
    seen = taxed = 0
    for parts in credited(invoice, cuts):
        seen += parts.goods + parts.shipping + parts.tax
        taxed += parts.tax + parts.tax_included
        if invoice.shipping_tax_included_minor == invoice.shipping_minor == 0 and invoice.total_minor:
            assert abs(taxed - whole * seen / invoice.total_minor) < 3


@given(invoices(), CUTS)
def test_a_whole_refund_empties_revenue_and_tax(invoice: Invoice, cuts: list[int]) -> None:
    issued = of_invoice(invoice)
    tax = added(issued)["tax:payable"]

    balances = added(issued, *(of_credit_note(note_of(invoice, parts)) for parts in credited(invoice, cuts)))

    assert tax == -(invoice.tax_minor + invoice.tax_included.amount)
    assert balances["tax:payable"] == balances["revenue:shipping"] == balances["receivable"] == 0
    assert balances["revenue"] + balances["revenue:refunds"] == 0


def test_an_invoice_whose_order_did_not_say_is_posted_as_before() -> None:
    amounts: dict[str, Any] = {
        "subtotal_minor": 900,
        "discount_minor": 100,
        "shipping_minor": 50,
        "tax_minor": 7,
    }
    untold = Invoice(currency="ZAR", total_minor=857, credited_minor=0, **amounts)

    assert added(of_invoice(untold)) == {
        "receivable": 857,
        "revenue": -800,
        "revenue:shipping": -50,
        "tax:payable": -7,
    }
    assert next_parts(untold, 857) == (800, 50, 7, 0, 0)
