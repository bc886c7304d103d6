"""Commercial requests: somebody asks for an offer."""
