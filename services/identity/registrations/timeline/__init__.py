"""What happened to an application, step by step."""
