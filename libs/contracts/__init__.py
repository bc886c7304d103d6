"""The published language: one module of frozen event classes per producing service."""
