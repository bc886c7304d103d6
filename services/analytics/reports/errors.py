"""The problems of reports."""

from libs.common.errors import AppError


class ReportTooLong(AppError):
    """The report would have more than `limit` rows: choose a shorter stretch (`from`, `to`) or a wider `grain`."""

    status = 422
    slug = "report-too-long"
    title = "Too many rows for one report"
