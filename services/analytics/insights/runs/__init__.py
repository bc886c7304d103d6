"""When the insights of a business were last worked out, and when they are due again."""
