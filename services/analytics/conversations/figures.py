"""How the assistant answers and what it costs, for `/metrics`."""

from prometheus_client import Counter

MODEL, RULES, RULES_INSTEAD, NOBODY = "model", "rules", "rules_instead", "nobody"

answers = Counter(
    "pillars_assistant_answers_total",
    "Answers of a language model, of rules because it failed, of rules since none is configured, and of nobody",
    ["by"],
)
# Shown from the start: the first of a kind is no rise where nothing was before.
for _by in (MODEL, RULES, RULES_INSTEAD, NOBODY):
    answers.labels(_by)
tokens = Counter(
    "pillars_assistant_tokens_total",
    "Tokens of language models, in vain or not, as their services count them, estimated where they do not",
)
