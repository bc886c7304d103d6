"""The accounts at payment providers through which a business is paid."""
