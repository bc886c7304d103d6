"""The double-entry ledger under all money."""
