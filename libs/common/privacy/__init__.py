"""What of a service's data is about people, and what erasure is to do to it."""
