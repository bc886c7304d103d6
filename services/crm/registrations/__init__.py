"""Registrations: the deals by which the operator's staff decide on businesses that apply to join."""
