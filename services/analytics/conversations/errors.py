"""The problems of conversations."""

from libs.common.errors import AppError, Conflict


class AnswerInProgress(Conflict):
    """The question before is still being answered: ask when it has been (`done` on the stream), or after `Retry-After`."""

    slug = "answer-in-progress"
    title = "One question at a time"


class ConversationFull(Conflict):
    """A conversation holds so many messages and no more (`limit`); begin another one."""

    slug = "conversation-full"
    title = "Begin another conversation"


class TokenBudgetSpent(AppError):
    """The business has used up the tokens (`used` of `limit`) that it may use of language models until `resets_at`."""

    status = 429
    slug = "token-budget-spent"
    title = "No tokens left this month"


class AnswerFailed(AppError):
    """The question is kept and could not be answered; repeat it, with the same `Idempotency-Key` if it had one."""

    status = 503
    slug = "answer-failed"
    title = "It could not be answered"
