"""Answers a question by rules: the same tools as a language model has, with the same rights."""

from typing import Any

from services.analytics.assistant.answer import Answer
from services.analytics.assistant.figures import Figure, change
from services.analytics.assistant.offline import replies
from services.analytics.assistant.offline.intents import Intent, intent_of
from services.analytics.assistant.offline.slots import Slots, normalised, slots_of
from services.analytics.assistant.tools.catalogue import TOOLS
from services.analytics.assistant.tools.tool import Asker, Result, Tool, run
from services.analytics.assistant.words import label

PROVIDER, MODEL = "offline", "rules"


async def answer_by_rules(
    asker: Asker, question: str, *, reason: str | None, settings: tuple[str, ...] = ()
) -> Answer:
    """The answer; `reason` says why rules answer, `settings` are those that an operator may set."""
    content, results, figures = await _answer(asker, question)
    # Customers of the business can set nothing.
    notice = replies.notice(() if asker.is_customer else settings, asker.language)
    return Answer(
        content=f"{content}\n\n{notice}",
        figures=tuple(figures),
        tool_calls=tuple(result.call for result in results),
        provider=PROVIDER,
        model=MODEL,
        degraded=True,
        reason=reason,
        notice=notice,
    )


async def _answer(asker: Asker, question: str) -> tuple[str, list[Result], list[Figure]]:
    intent, slots = intent_of(normalised(question)), slots_of(question)
    if not intent.tools:
        first = [] if intent.name == "help" else [replies.say(intent.name, asker.language)]
        return "\n".join([*first, replies.say("can", asker.language)]), [], []
    possible = [TOOLS[name] for name in intent.tools]
    tool = next((one for one in possible if one.is_open_to(asker.actor)), possible[0])
    asked = arguments_of(tool, slots)
    result = await run(tool, asker, asked[0])
    if result.status != "ok":
        return replies.refusal(result, asker.language), [result], []
    shown = _shown(intent, result)
    texts, results, figures = (
        [replies.report(intent.name, result, shown, asker.language)],
        [result],
        list(shown),
    )
    for arguments in asked[1:]:
        other = await run(tool, asker, arguments)
        then = _shown(intent, other)
        changes = _changes(shown, then, label("change", asker.language))
        text = replies.report(intent.name, other, then, asker.language)
        texts.append(f"{replies.say('compared', asker.language)}: {text}")
        texts += [f"- {figure.label}: {figure.text}" for figure in changes]
        results.append(other)
        figures += [*then, *changes]
    return "\n".join(texts), results, figures


def _shown(intent: Intent, result: Result) -> list[Figure]:
    chosen = [f for f in result.figures if not intent.fields or f.field.startswith(intent.fields)]
    return chosen[: intent.limit]


def _changes(now: list[Figure], then: list[Figure], name: str) -> list[Figure]:
    before = {figure.field: figure for figure in then}
    found = [change(figure, before[figure.field], name) for figure in now if figure.field in before]
    return [figure for figure in found if figure is not None]


def arguments_of(tool: Tool, slots: Slots) -> list[dict[str, Any]]:
    """What the tool is called with: once, or twice to compare."""
    takes = tool.arguments.model_fields.keys()
    given: dict[str, Any] = {
        "currency": slots.currency,
        "limit": slots.top,
        "by": "quantity" if slots.by_quantity else None,
        "grain": slots.grain,
    }
    common = {name: value for name, value in given.items() if name in takes and value is not None}
    if "period" not in takes:
        return [common]
    if tool.compares:
        return [{**common, "period": slots.periods[0]} if slots.periods else common]
    periods = slots.periods or (("this_month",) if slots.compares else ("all_time",))
    first = {**common, "period": periods[0]}
    if not slots.compares:
        return [first]
    if len(periods) > 1 and not _same_unit(*periods[:2]):
        return [first, {**common, "period": periods[1]}]
    if periods[0].startswith("last_") and len(periods) > 1:
        first = {**common, "period": periods[1]}
    return [first] if periods[0] == "all_time" else [first, {**first, "before": True}]


def _same_unit(one: str, other: str) -> bool:
    """Whether these are a week, month, quarter or year that goes on and the one before, of which as many days count."""
    return {one.partition("_")[0], other.partition("_")[0]} == {"this", "last"} and (
        one.partition("_")[2] == other.partition("_")[2]
    )
