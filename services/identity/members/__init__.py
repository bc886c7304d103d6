"""Who belongs to which business, in which roles."""
