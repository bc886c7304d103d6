"""The analytics service on one page."""

from pathlib import Path

from libs.common.jobs.job import Job
from libs.common.messaging.subscription import in_batches
from libs.common.runtime.service import Service
from services.analytics.assistant.assistant import RESOURCE as ASSISTANT
from services.analytics.assistant.assistant import open_assistant
from services.analytics.conversations.invariants import INVARIANTS as CONVERSATION_INVARIANTS
from services.analytics.conversations.jobs import JOBS as CONVERSATION_JOBS
from services.analytics.conversations.router import router as conversations
from services.analytics.dashboard.router import router as dashboard
from services.analytics.db import MODELS, metadata
from services.analytics.demand_forecast.figures import measure_forecasts
from services.analytics.demand_forecast.invariants import INVARIANTS as FORECAST_INVARIANTS
from services.analytics.demand_forecast.jobs import JOBS as FORECAST_JOBS
from services.analytics.demand_forecast.router import router as demand_forecast
from services.analytics.events.handlers import on_countable_events
from services.analytics.facts.projector import EARLIER, LATER
from services.analytics.facts.rebuild import rebuild
from services.analytics.facts.router import router as facts
from services.analytics.insights.anomalies.jobs import JOBS as ANOMALY_JOBS
from services.analytics.insights.anomalies.router import router as anomalies
from services.analytics.insights.next_best_actions.router import router as next_best_actions
from services.analytics.insights.price_recommendations.jobs import JOBS as PRICE_JOBS
from services.analytics.insights.price_recommendations.router import router as price_recommendations
from services.analytics.insights.runs.jobs import JOBS as RUN_JOBS
from services.analytics.insights.sales_metrics.router import router as sales_metrics
from services.analytics.privacy import PRIVACY
from services.analytics.reports.router import router as reports
from services.analytics.settings import AnalyticsSettings

SERVICE = Service(
    name="analytics",
    description="Facts built from events, and the figures read from them.",
    settings=AnalyticsSettings,
    metadata=metadata,
    models=MODELS,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        dashboard,
        reports,
        facts,
        sales_metrics,
        demand_forecast,
        anomalies,
        price_recommendations,
        next_best_actions,
        conversations,
    ),
    subscriptions=(
        in_batches(EARLIER, "analytics.record", on_countable_events, spacing=0.1),
        in_batches(LATER, "analytics.record_more", on_countable_events, spacing=0.5, is_new=True),
    ),
    jobs=(
        Job("rebuild_facts", rebuild, lease=900),
        *CONVERSATION_JOBS,
        *FORECAST_JOBS,
        *RUN_JOBS,
        *ANOMALY_JOBS,
        *PRICE_JOBS,
    ),
    resources={ASSISTANT: open_assistant},
    permissions={
        "analytics.dashboard.read": "See the figures of the business",
        "analytics.reports.read": "Read reports",
        "analytics.sales_metrics.read": "See how sales do, and where they are going",
        "analytics.demand_forecast.read": "See forecasts of demand",
        "analytics.demand_forecast.refresh": "Have forecasts of demand computed anew",
        "analytics.anomalies.read": "See days whose figures were far from likely",
        "analytics.anomalies.write": "See to anomalies, and have them looked for",
        "analytics.price_recommendations.read": "See which prices would bring more",
        "analytics.price_recommendations.write": "Have prices looked at",
        "analytics.next_best_actions.read": "See what to do next, of what one may see anyway",
        "analytics.facts.rebuild": "Build all figures anew from the archived events",
        "analytics.conversations.read": "See one's own conversations with the assistant",
        "analytics.conversations.write": "Ask the assistant; it shows what one may see anyway",
    },
    invariants=(*CONVERSATION_INVARIANTS, *FORECAST_INVARIANTS),
    measures=(measure_forecasts,),
    privacy=PRIVACY,
)
