"""In-app inbox, e-mail, push, preferences and templates."""
