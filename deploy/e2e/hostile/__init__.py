"""Hostile input against the running suite: by its API document, by the wire, by tokens, webhooks and what is logged."""
