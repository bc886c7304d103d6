"""Pipelines: the ways that deals go, each from its first stage to won or lost."""
