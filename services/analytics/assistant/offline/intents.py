"""What questions ask for: patterns over normalised text, with weights, and which figures answer them."""

import re
from dataclasses import dataclass

_THRESHOLD = 2.0


@dataclass(frozen=True, slots=True)
class Intent:
    """A kind of question.

    Attributes:
        patterns: regular expressions with weights; those found add up.
        tools: where the figures are, the first that the asker may use.
        fields: which of the figures are shown, by beginnings of their fields; all of them unless given.
        limit: how many are shown at most.
    """

    name: str
    patterns: tuple[tuple[str, float], ...]
    tools: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    limit: int = 12


INTENTS: tuple[Intent, ...] = (
    Intent(
        "help",
        ((r"what can (?:you|i)|\bhelp\b|что ты (?:умеешь|можешь)|помо(?:щь|ги)|что можно спросить", 6),),
    ),
    Intent(
        "greeting",
        (
            (
                r"^(?:hi|hello|hey|good (?:morning|day|evening)|привет|здравствуй\w*|добр\w+ (?:день|утро|вечер))\b",
                2,
            ),
        ),
    ),
    # What is not counted here must not be taken for something that is.
    Intent("unknown", ((r"\bprofit|\bmargin|\bloss\b|прибыл|марж|убыт", 9),)),
    Intent(
        "revenue",
        (
            (r"\brevenue|turnover|takings|\bsell for|выручк|оборот", 4),
            (
                r"how much (?:money )?(?:did|have|do|are) we|\bearn|\bmade money|сколько (?:мы )?(?:денег |всего )?заработ|заработали",
                3,
            ),
            (r"\bsales\b|\bsold\b|продаж|продали", 2),
        ),
        ("dashboard", "sales_report"),
        ("/revenue", "/gross", "/refunds", "/totals/revenue"),
    ),
    Intent("refunds", ((r"\brefund|money back|возврат|вернули", 5),), ("dashboard",), ("/refunds", "/gross")),
    Intent(
        "income",
        ((r"\bincome\b|cash ?flow|\bдоход|поступлени", 4), (r"by currenc|each currenc|по валют", 3)),
        ("income_summary",),
        ("/totals",),
    ),
    Intent(
        "sales_over_time",
        (
            (r"\bsales\b|\brevenue|продаж|выручк", 2),
            (
                r"(?:by|per|each|every) (?:day|week|month)|daily|weekly|monthly|trend|over time|по (?:дням|неделям|месяцам)|динамик",
                4,
            ),
        ),
        ("sales_report",),
        ("/items", "/totals/revenue"),
        32,
    ),
    Intent(
        "awaiting_shipping",
        (
            (
                r"(?:await|wait|ready|need|pending|have to|to be|must).*\b(?:ship|sent|send|dispatch|deliver)|unshipped|not (?:yet )?(?:been )?(?:shipped|sent)|orders? to (?:ship|send|dispatch)|unfulfilled",
                7,
            ),
            (
                r"(?:жд|ожида|надо|нужно|пора).*отправ|отправ.*(?:жд|ожида|надо|нужно)|не отправлен|к отправке|неотправлен",
                7,
            ),
        ),
        ("orders_awaiting_shipping",),
    ),
    Intent(
        "cancelled_orders",
        ((r"\bcancel|отмен", 4), (r"\borders?\b|заказ", 1)),
        ("dashboard",),
        ("/orders/cancelled", "/orders/count"),
    ),
    Intent(
        "average",
        (
            (r"\baverage|\bavg\b|\bmean\b|\baov\b|средн", 4),
            (r"\border|\bpayment|\bbasket|\bcheck|чек|заказ|плат[её]ж", 1),
        ),
        ("dashboard",),
        ("/orders/average",),
    ),
    Intent(
        "orders",
        ((r"\borders?\b|заказ", 2.5), (r"how many|number of|сколько|количеств", 0.5)),
        ("dashboard", "sales_report"),
        ("/orders/count", "/orders/paid", "/orders/completed", "/orders/cancelled", "/totals/orders"),
    ),
    Intent(
        "customers",
        ((r"\bcustomers?\b|\bbuyers?\b|\bclients?\b|\bshoppers?\b|покупател|клиент", 2.6),),
        ("dashboard",),
        ("/orders/customers",),
    ),
    Intent(
        "lead_sources",
        (
            (r"\bsources?\b|come from|channel|источник|откуда|канал", 3),
            (r"\bleads?\b|\bлид|customers?|клиент|заявк", 1.5),
        ),
        ("lead_sources",),
    ),
    Intent("leads", ((r"\bleads?\b|\bлид(?:ы|ов|а|ам)?\b", 2.5),), ("dashboard",), ("/leads",)),
    Intent("funnel", ((r"\bfunnel|\bstages?\b|воронк|этап|стади", 4), (r"\bdeals?\b|сдел", 1)), ("funnel",)),
    Intent("deals", ((r"\bdeals?\b|\bpipeline|сделк|сделок|\bwon\b", 3),), ("dashboard",), ("/deals",)),
    Intent(
        "overdue_tasks",
        (
            (r"\boverdue|\blate\b|past due|behind schedule|просроч|опозда", 3),
            (r"\btasks?\b|to ?dos?\b|задач", 2),
        ),
        ("dashboard", "overdue_tasks"),
        ("/tasks/overdue", "/tasks/open", "/items"),
    ),
    Intent(
        "tasks", ((r"\btasks?\b|to ?dos?\b|задач", 3),), ("dashboard", "overdue_tasks"), ("/tasks", "/items")
    ),
    Intent(
        "unpaid_invoices",
        (
            (r"\binvoices?\b|\bсчет(?:а|ов|ам|е)?\b|\bсчета\b", 3),
            (r"unpaid|outstanding|not paid|owe|неоплачен|не оплачен|задолж|должны", 3),
        ),
        ("unpaid_invoices",),
    ),
    Intent(
        "low_stock",
        (
            (r"(?:\blow\b|running out|run out|runs out|reorder|restock|nearly gone|shortage)", 4),
            (r"заканчива|кончает|пополнить|дозаказ|мало\b|на исходе", 4),
            (r"\bstock|\bproducts?\b|\bitems?\b|склад|остат|товар", 1.5),
        ),
        ("low_stock", "dashboard"),
        ("/items", "/stock/sold_out"),
    ),
    Intent(
        "sold_out",
        ((r"sold out|out of stock|not in stock|нет в наличии|распродан|закончил", 6),),
        ("dashboard",),
        ("/stock/sold_out", "/stock/available"),
    ),
    Intent(
        "stock",
        ((r"\bstock|\binventory|warehouse|on hand|склад|остат|в наличии|запас", 3),),
        ("dashboard",),
        ("/stock",),
    ),
    Intent(
        "forecast",
        (
            (
                r"forecast|predict|\bexpect|\bdemand|will (?:we|be|it|they)|next (?:week|month|quarter)|прогноз|\bспрос|"
                r"ожидаем|будет продан|следующ\w+ (?:недел|месяц)",
                5,
            ),
        ),
        ("demand_forecast",),
        limit=41,
    ),
    Intent(
        "growth",
        ((r"\bgrowth\b|\bgrowing\b|темп\w* рост|раст(?:ем|ут) ", 4), (r"sales|revenue|продаж|выручк", 1)),
        ("sales_metrics",),
        ("/growth", "/revenue", "/previous/revenue", "/orders"),
    ),
    Intent(
        "top_products",
        (
            (
                r"(?:\btop\b|\bbest\b|\bmost\b|popular|\bрейтинг|\bтоп\b|\bлучш|популярн|\bсам\w+ продав|хит)",
                3,
            ),
            (
                r"\bproducts?\b|\bitems?\b|\bgoods\b|\bsell|\bsold\b|bestsell|товар|продукт|прода[ею]|продаж",
                2,
            ),
        ),
        ("top_products",),
        limit=40,
    ),
    Intent(
        "overview",
        (
            (
                r"how (?:are|is|s|was|did) (?:we|business|things|it|the (?:shop|business|company))|overview|summary|summar|dashboard|at a glance|key figures|как (?:дела|идут дела|бизнес|у нас)|сводк|обзор|показател|итоги",
                3,
            ),
        ),
        ("dashboard",),
        (
            "/revenue",
            "/orders/count",
            "/orders/paid",
            "/orders/customers",
            "/deals/open",
            "/leads",
            "/tasks/overdue",
            "/stock/sold_out",
        ),
    ),
)
BY_NAME = {intent.name: intent for intent in INTENTS}


def intent_of(text: str) -> Intent:
    """The kind of a question, given as normalised text; `unknown` where nothing fits well."""
    best, most = BY_NAME["unknown"], _THRESHOLD - 0.01
    for intent in INTENTS:
        score = sum(weight for pattern, weight in intent.patterns if re.search(pattern, text))
        if score > most:
            best, most = intent, score
    return best
