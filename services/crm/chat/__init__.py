"""Chat: messages on any object, in one thread per object."""
