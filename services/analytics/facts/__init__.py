"""Facts built from events: one narrow table per thing that is counted."""
