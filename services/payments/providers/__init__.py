"""Payment providers: one protocol, a client for each, and a simulator."""
