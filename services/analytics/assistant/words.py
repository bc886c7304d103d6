"""The words of answers and figures, in the languages that the assistant speaks."""

from typing import Literal

Language = Literal["en", "ru"]

_LABELS: dict[str, tuple[str, str]] = {
    "revenue": ("Revenue", "Выручка"),
    "gross": ("Money received", "Получено денег"),
    "refunds": ("Refunds", "Возвраты"),
    "orders": ("Orders placed", "Оформлено заказов"),
    "orders_paid": ("Orders paid", "Оплачено заказов"),
    "orders_completed": ("Orders completed", "Завершено заказов"),
    "orders_cancelled": ("Orders cancelled", "Отменено заказов"),
    "orders_expired": ("Orders expired", "Истекло заказов"),
    "customers": ("Customers", "Покупателей"),
    "average": ("Average payment", "Средний платёж"),
    "deals_open": ("Open deals", "Открытых сделок"),
    "deals_won": ("Deals won", "Выиграно сделок"),
    "deals_lost": ("Deals lost", "Проиграно сделок"),
    "open_amount": ("Worth of open deals", "Сумма открытых сделок"),
    "won_amount": ("Worth of deals won", "Сумма выигранных сделок"),
    "leads": ("Leads", "Лидов"),
    "tasks_open": ("Open tasks", "Открытых задач"),
    "tasks_overdue": ("Overdue tasks", "Просроченных задач"),
    "tasks_completed": ("Completed tasks", "Выполненных задач"),
    "stock_available": ("Pieces available", "Доступно штук"),
    "stock_on_hand": ("Pieces on hand", "Штук на складах"),
    "stock_reserved": ("Pieces reserved", "Штук в резерве"),
    "sold_out": ("Sold out places", "Нет в наличии (позиций)"),
    "units": ("Pieces sold", "Продано штук"),
    "income": ("Income", "Доход"),
    "entered": ("deals reached it", "сделок дошло"),
    "share": ("share of deals", "доля сделок"),
    "leads_of": ("leads", "лидов"),
    "converted": ("converted", "стали сделками"),
    "conversion": ("conversion", "конверсия"),
    "won_of": ("won", "выиграно"),
    "pieces": ("pieces", "штук"),
    "revenue_of": ("revenue", "выручка"),
    "orders_of": ("orders", "заказов"),
    "awaiting_shipping": ("Orders awaiting shipping", "Заказов ждёт отправки"),
    "low_stock": ("Low in stock", "Заканчивается товаров"),
    "available_of": ("available", "доступно"),
    "unpaid_invoices": ("Unpaid invoices", "Неоплаченных счетов"),
    "outstanding": ("outstanding", "к оплате"),
    "invoice": ("Invoice", "Счёт"),
    "earlier": ("the stretch before", "предыдущий период"),
    "growth": ("growth against the stretch before", "рост к предыдущему периоду"),
    "average_order": ("Average order", "Средний заказ"),
    "refund_rate": ("Refund rate", "Доля возвратов"),
    "ahead": ("Steps ahead", "Шагов вперёд"),
    "demand_of": ("demand expected", "ожидаемый спрос"),
    "reorder_of": ("to order now", "заказать сейчас"),
    "change": ("change", "изменение"),
}
_PERIODS: dict[str, tuple[str, str]] = {
    "today": ("today", "сегодня"),
    "yesterday": ("yesterday", "вчера"),
    "this_week": ("this week", "на этой неделе"),
    "last_week": ("last week", "на прошлой неделе"),
    "this_month": ("this month", "в этом месяце"),
    "last_month": ("last month", "в прошлом месяце"),
    "this_quarter": ("this quarter", "в этом квартале"),
    "last_quarter": ("last quarter", "в прошлом квартале"),
    "this_year": ("this year", "в этом году"),
    "last_year": ("last year", "в прошлом году"),
    "all_time": ("all time", "за всё время"),
    "before": ("just before", "перед этим"),
}


def label(key: str, language: Language) -> str:
    """What a figure is called."""
    return _LABELS[key][language == "ru"]


def period_name(name: str, language: Language) -> str:
    """What a period is called; one that has no words of its own is told by its days."""
    return _PERIODS[name][language == "ru"] if name in _PERIODS else ""


def language_of(text: str) -> Language:
    """The language of a question: Russian where most of its letters are Cyrillic."""
    letters = [character for character in text if character.isalpha()]
    cyrillic = sum("Ѐ" <= character <= "ӿ" for character in letters)
    return "ru" if cyrillic * 2 > len(letters) else "en"
