"""The assistant: answers questions about the business from live figures, by a language model or by rules."""
