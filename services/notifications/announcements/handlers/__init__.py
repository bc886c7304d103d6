"""From an event to those who are told of it; one module per publishing service."""
