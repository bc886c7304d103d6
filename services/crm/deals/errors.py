"""The problems of deals."""

from libs.common.errors import Conflict, ValidationFailed


class CurrencyMismatch(ValidationFailed):
    """All money of one deal is in one currency."""

    slug = "currency-mismatch"
    title = "Two currencies in one deal"


class AmountMismatch(ValidationFailed):
    """The amount of a deal with lines is their sum; leave it out, or change the lines."""

    slug = "amount-mismatch"
    title = "The amount is not the sum of the lines"


class AmountTooLarge(ValidationFailed):
    """The sum of the lines is more than any amount can be."""

    slug = "amount-too-large"
    title = "The amount is too large"


class StageNotInPipeline(ValidationFailed):
    """The stage named in `stage_id` belongs to another pipeline."""

    slug = "stage-not-in-pipeline"
    title = "A stage of another pipeline"


class FieldsRequired(ValidationFailed):
    """The stage takes only deals that have the fields named in `fields`."""

    slug = "fields-required"
    title = "The stage needs more fields"


class UnknownReason(ValidationFailed):
    """The pipeline lists the reasons to choose from, in `reasons`, and this is none of them."""

    slug = "unknown-reason"
    title = "Not one of the reasons"


class RegistrationPending(Conflict):
    """An applicant waits for this deal to be won or lost, so it stays."""

    slug = "registration-pending"
    title = "A registration depends on the deal"
