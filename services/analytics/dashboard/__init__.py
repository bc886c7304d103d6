"""The figures of one business at a glance."""
