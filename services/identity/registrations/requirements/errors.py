"""The problems of requirements."""

from libs.common.errors import Conflict, UnsupportedMediaType, ValidationFailed


class RequirementsNotMet(Conflict):
    """Something that the application needs is not there, or did not pass its check; `missing` names it."""

    slug = "requirements-not-met"
    title = "Something is missing"


class NotAskedFor(Conflict):
    """The application does not need this, or it is there already and no change was asked for."""

    slug = "not-asked-for"
    title = "Not asked for"


class TooManyDocuments(Conflict):
    """So many documents were handed in for this application that no more are kept."""

    slug = "too-many-documents"
    title = "Too many documents"


class DocumentRefused(UnsupportedMediaType):
    """The file is not of a type that is taken here, whatever its name says; `content_types` are."""

    slug = "document-refused"
    title = "Another type of file is needed"


class AnswerRefused(ValidationFailed):
    """An answer does not fit its field; `errors` says which and why."""

    slug = "answer-refused"
    title = "The answer does not fit"
