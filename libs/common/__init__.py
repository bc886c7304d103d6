"""Mechanism without a domain noun: everything a Pillars service stands on."""
