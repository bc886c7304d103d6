"""The evaluation set: questions, with the figures that answer them. It holds for every way of answering.

The business (see `test_evaluation.py`) has, in March 2026: three orders of ZAR 900.00, 600.00 and 300.00; in April: one of
ZAR 500.00, of which ZAR 100.00 are refunded. It is asked on 15 April 2026 at noon (UTC).
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """A question, the figures (field and value) that the answer must rest on, and the tool that gives them."""

    prompt: str
    tool: str | None
    figures: dict[str, float] = field(default_factory=dict)


REVENUE, ORDERS = "/revenue/amount", "/orders/count"
QUESTIONS = (
    Question("What is our revenue?", "dashboard", {REVENUE: 220000}),
    Question("What was our revenue in March 2026?", "dashboard", {REVENUE: 180000}),
    Question("revenue in april", "dashboard", {REVENUE: 40000}),
    Question("How much money did we make last month?", "dashboard", {REVENUE: 180000}),
    Question("What's the turnover this month in ZAR?", "dashboard", {REVENUE: 40000}),
    Question("How much have we earned today?", "dashboard", {REVENUE: 0}),
    Question("Revenue yesterday", "dashboard", {REVENUE: 40000}),
    Question("Revenue this year, in dollars", "dashboard", {REVENUE: 0}),
    Question("Total sales of the last 30 days?", "dashboard", {REVENUE: 130000}),
    Question("How many orders did we get last month?", "dashboard", {ORDERS: 3}),
    Question("Number of orders this week", "dashboard", {ORDERS: 1}),
    Question("Compare revenue this month with last month", "dashboard", {REVENUE: 40000}),
    Question("Did revenue grow compared to March?", "dashboard"),
    Question("What did we refund?", "dashboard", {"/refunds/amount": 10000}),
    Question("Average order value in March?", "dashboard", {"/orders/average/amount": 60000}),
    Question("How many customers do we have?", "dashboard", {"/orders/customers": 1}),
    Question("How many orders were cancelled?", "dashboard", {"/orders/cancelled": 0}),
    Question("Which products sell best?", "top_products", {"/items/0/revenue/amount": 120000}),
    Question("Top 2 products in March", "top_products", {"/items/1/revenue/amount": 60000}),
    Question("top three products by quantity", "top_products", {"/items/0/quantity": 8}),
    Question("Show sales by month", "sales_report", {"/items/0/revenue/amount": 180000}),
    Question("daily sales in march", "sales_report", {"/totals/revenue/amount": 180000}),
    Question("Income by currency", "income_summary", {"/totals/0/amount": 220000}),
    Question("How many leads came in?", "dashboard", {"/leads": 2}),
    Question("Where do our leads come from?", "lead_sources", {"/items/0/leads": 2}),
    Question("How many deals are open?", "dashboard", {"/deals/open": 0}),
    Question("Show me the sales funnel", "funnel"),
    Question("Which tasks are overdue?", "dashboard", {"/tasks/overdue": 0}),
    Question("How many open tasks are there?", "dashboard", {"/tasks/open": 0}),
    Question("How much stock do we have?", "dashboard", {"/stock/on_hand": 0}),
    Question("What is out of stock?", "dashboard", {"/stock/sold_out": 0}),
    Question("How are we doing?", "dashboard", {REVENUE: 220000, ORDERS: 4}),
    Question("Give me a summary of last month", "dashboard", {REVENUE: 180000}),
    Question("How many orders are waiting to be shipped?", "orders_awaiting_shipping", {"/items": 2}),
    Question("Which products are running low?", "low_stock", {"/items/0/available": 3}),
    Question("Are there unpaid invoices?", "unpaid_invoices", {"/items": 1}),
    Question("Какая у нас выручка?", "dashboard", {REVENUE: 220000}),
    Question("Какая выручка за март 2026?", "dashboard", {REVENUE: 180000}),
    Question("Сколько мы заработали в прошлом месяце?", "dashboard", {REVENUE: 180000}),
    Question("Сколько заказов было вчера?", "dashboard", {ORDERS: 1}),
    Question("Покажи топ 2 товара за март", "top_products", {"/items/0/revenue/amount": 120000}),
    Question("Продажи по месяцам", "sales_report", {"/items/0/revenue/amount": 180000}),
    Question("Средний чек за последние 30 дней", "dashboard", {"/orders/average/amount": 46666}),
    Question("Сравни выручку за апрель и март", "dashboard", {REVENUE: 40000}),
    Question("Сколько возвратов?", "dashboard", {"/refunds/amount": 10000}),
    Question("Откуда приходят лиды?", "lead_sources", {"/items/0/leads": 2}),
    Question("Какие задачи просрочены?", "dashboard", {"/tasks/overdue": 0}),
    Question("Сколько заказов ждут отправки?", "orders_awaiting_shipping", {"/items": 2}),
    Question("Какие товары заканчиваются на складе?", "low_stock", {"/items": 1}),
    Question("Есть ли неоплаченные счета?", "unpaid_invoices", {"/items": 1}),
    Question("Как дела у бизнеса?", "dashboard", {REVENUE: 220000}),
    Question("What will we sell next week?", "demand_forecast", {"/horizon": 8}),
    Question("Прогноз спроса по дням", "demand_forecast", {"/horizon": 14}),
    Question("How fast are sales growing?", "sales_metrics", {"/revenue/amount": 130000}),
    Question("What is our profit?", None),
    Question("Какая у нас прибыль?", None),
    Question("Who will win the election?", None),
    Question("What can you do?", None),
    Question("Привет!", None),
)
