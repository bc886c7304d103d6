"""The problems of automation."""

from libs.common.errors import Conflict, PermissionDenied, ValidationFailed


class UnknownField(ValidationFailed):
    """A condition or a placeholder names a field (in `field`) that there is not; `fields` lists those that there are."""

    slug = "unknown-field"
    title = "There is no such field"


class UnknownEvent(ValidationFailed):
    """Rules cannot hear the event named in `event`; `events` lists those that they can."""

    slug = "unknown-event"
    title = "No event that rules can hear"


class InvalidCondition(ValidationFailed):
    """The operator or the value of a condition does not fit its field; `operators` lists those that do."""

    slug = "invalid-condition"
    title = "The condition does not fit the field"


class InvalidAction(ValidationFailed):
    """An action (in `position`, counted from 0) cannot be done by this rule."""

    slug = "invalid-action"
    title = "The action cannot be done"


class LimitExceeded(ValidationFailed):
    """The rule, or the business, has more of something than there may be: `limit` of `what`."""

    slug = "automation-limit-exceeded"
    title = "More than there may be"


class PersonRequired(PermissionDenied):
    """A rule acts with the rights of the person who saves it, so a key or somebody who acts as another saves none."""

    slug = "rule-needs-a-person"
    title = "Rules are saved by people"


class RuleDisabled(Conflict):
    """A disabled rule does not run: enable it first."""

    slug = "rule-disabled"
    title = "The rule is disabled"
