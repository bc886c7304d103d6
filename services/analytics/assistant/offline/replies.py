"""The sentences of answers by rules, in the language of the question. Every number in them is that of a figure."""

from collections.abc import Sequence

from services.analytics.assistant.figures import Figure
from services.analytics.assistant.periods import Stretch
from services.analytics.assistant.tools.tool import Result
from services.analytics.assistant.words import Language, period_name

_TITLES = {
    "revenue": ("Revenue", "Выручка"),
    "refunds": ("Refunds", "Возвраты"),
    "income": ("Income by currency", "Доход по валютам"),
    "sales_over_time": ("Sales over time", "Динамика продаж"),
    "awaiting_shipping": ("Orders awaiting shipping, now", "Заказы, которые ждут отправки, сейчас"),
    "cancelled_orders": ("Cancelled orders", "Отменённые заказы"),
    "average": ("Average payment", "Средний платёж"),
    "orders": ("Orders", "Заказы"),
    "customers": ("Customers who paid for an order", "Покупатели, оплатившие заказ"),
    "lead_sources": ("Where leads come from", "Откуда приходят лиды"),
    "leads": ("Leads", "Лиды"),
    "funnel": ("The funnel of deals", "Воронка сделок"),
    "deals": ("Deals", "Сделки"),
    "overdue_tasks": ("Overdue tasks, now", "Просроченные задачи, сейчас"),
    "tasks": ("Tasks, now", "Задачи, сейчас"),
    "unpaid_invoices": ("Unpaid invoices, now", "Неоплаченные счета, сейчас"),
    "low_stock": ("Low in stock, now", "Заканчивается на складе, сейчас"),
    "sold_out": ("Sold out, now", "Нет в наличии, сейчас"),
    "stock": ("Stock, now", "Склад, сейчас"),
    "forecast": ("Demand expected", "Ожидаемый спрос"),
    "growth": ("How sales grow", "Как растут продажи"),
    "top_products": ("Products sold most", "Самые продаваемые товары"),
    "overview": ("The business at a glance", "Коротко о бизнесе"),
}
_PLAIN = {
    "nothing": ("There is nothing to show.", "Показать нечего."),
    "compared": ("Compared with", "По сравнению с"),
    "denied": (
        "I cannot show you this: it needs a right that you do not have ({}).",
        "Я не могу это показать: нужно право, которого у вас нет ({}).",
    ),
    "not-in-plan": (
        "The plan of the business does not include this ({}).",
        "Тариф компании этого не включает ({}).",
    ),
    "away": (
        "The figures cannot be read now. Try again in a moment.",
        "Данные сейчас недоступны. Попробуйте чуть позже.",
    ),
    "greeting": (
        "Hello! Ask me about the figures of the business.",
        "Здравствуйте! Спросите меня о показателях бизнеса.",
    ),
    "unknown": (
        "I have no figures for this question, so I do not guess.",
        "Для этого вопроса у меня нет данных, а гадать я не буду.",
    ),
    "can": (
        "I can answer about: revenue and refunds, income by currency, sales by day or month, orders, the average payment, "
        "customers, top products, deals and the funnel, leads and where they come from, tasks, stock, orders awaiting "
        "shipping, low stock, unpaid invoices, growth, the demand to expect. Name a period, such as today, last week, March or the last 30 days, "
        "and compare it with another.",
        "Я могу ответить о: выручке и возвратах, доходе по валютам, продажах по дням или месяцам, заказах, среднем платеже, "
        "покупателях, самых продаваемых товарах, сделках и воронке, лидах и их источниках, задачах, складе, заказах, "
        "ждущих отправки, заканчивающихся товарах, неоплаченных счетах, росте, ожидаемом спросе. Назовите период, например сегодня, прошлая неделя, "
        "март или последние 30 дней, и сравните его с другим.",
    ),
    "basic": (
        "This is the basic mode: answers are made by rules, without a language model.",
        "Это базовый режим: ответы составлены по правилам, без языковой модели.",
    ),
    "configure": (
        "For the full mode the operator of the platform sets {}.",
        "Для полного режима оператор платформы задаёт {}.",
    ),
}


def say(key: str, language: Language) -> str:
    """A sentence."""
    return _PLAIN[key][language == "ru"]


def when(stretch: Stretch | None, language: Language) -> str:
    """A period by its name and its days, e.g. `this month (2026-11-01 to 2026-11-22)`."""
    if stretch is None:
        return ""
    name = period_name(stretch.name, language)
    if stretch.first is None or stretch.last is None:
        return name
    days = (
        str(stretch.first)
        if stretch.first == stretch.last
        else f"{stretch.first} {'по' if language == 'ru' else 'to'} {stretch.last}"
    )
    return f"{name} ({days})" if name else days


def report(intent: str, result: Result, shown: Sequence[Figure], language: Language) -> str:
    """The figures of one look, under what they are about."""
    is_now = _TITLES[intent][0].endswith("now")
    stretch = "" if is_now else when(result.stretch, language)
    title = _TITLES[intent][language == "ru"] + (f", {stretch}" if stretch else "") + ":"
    lines = [f"- {figure.label}: {figure.text}" for figure in shown] or [say("nothing", language)]
    return "\n".join([title, *lines])


def refusal(result: Result, language: Language) -> str:
    """Why there are no figures."""
    name = (result.detail or "").rpartition(" ")[2].rstrip(".")
    if result.status == "permission-denied":
        return say("denied", language).format(name)
    if result.status == "feature-not-in-plan":
        return say("not-in-plan", language).format(name)
    return say("away", language)


def notice(settings: Sequence[str], language: Language) -> str:
    """That this is the basic mode; to those whom it helps, which settings make it the full one."""
    text = say("basic", language)
    if settings:
        text += " " + say("configure", language).format(", ".join(settings))
    return text
