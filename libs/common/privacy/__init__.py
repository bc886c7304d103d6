"""What of a service's data is about people, and how it is handed out and erased."""
