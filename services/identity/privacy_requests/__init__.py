"""Handing out and erasing what the platform knows of a person, service by service, each with a receipt."""
