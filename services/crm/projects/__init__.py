"""Projects: work of several people over some time."""
