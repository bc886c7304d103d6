"""A stand-in for OpenAI's API on loopback: both endpoints, in one piece or as a stream, with every way to fail."""
