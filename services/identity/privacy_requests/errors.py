"""The problems of privacy requests."""

from libs.common.errors import Conflict


class OwnsABusiness(Conflict):
    """The person is the only owner of a business; make somebody else one first, or close it."""

    slug = "owns-a-business"
    title = "The only owner of a business"


class ExportNotReady(Conflict):
    """The export is not complete yet, or has expired; `state` says which."""

    slug = "export-not-ready"
    title = "Not to be fetched"
