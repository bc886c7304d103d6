"""Following an application by a signed link."""
