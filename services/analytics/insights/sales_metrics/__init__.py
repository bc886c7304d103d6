"""How sales did in a stretch, against the stretches before, and where they are going."""
