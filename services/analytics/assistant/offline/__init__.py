"""Answers by rules, for when there is no language model: what a question asks for, and sentences for the figures."""
