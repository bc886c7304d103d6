"""Which tools there are. One more is one more line here."""

from libs.common.actor import Actor
from services.analytics.assistant.tools import elsewhere, insights, reports
from services.analytics.assistant.tools.tool import Tool

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (*reports.TOOLS, *insights.TOOLS, *elsewhere.TOOLS)}


def open_to(actor: Actor) -> list[Tool]:
    """The tools whose figures this caller may see."""
    return [tool for tool in TOOLS.values() if tool.is_open_to(actor)]
