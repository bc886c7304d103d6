"""The in-app inbox: notices of a user, and the stream that brings new ones."""
