"""Mails that were kept here because no SMTP server is configured."""
