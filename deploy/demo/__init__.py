"""The main story, played over HTTP."""
