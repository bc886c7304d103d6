"""Facts built from events, and the figures read from them."""
