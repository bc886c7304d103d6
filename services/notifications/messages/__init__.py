"""Transactional sends: one message to one person, asked for over HTTP."""
