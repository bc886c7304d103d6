"""Deals: opportunities on their way through a pipeline."""
