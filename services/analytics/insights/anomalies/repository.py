"""All SQL of anomalies."""

from libs.common.db.repository import Repository
from services.analytics.insights.anomalies.models import Anomaly


class AnomalyRepository(Repository[Anomaly]):
    """Anomalies of a business."""

    model = Anomaly
