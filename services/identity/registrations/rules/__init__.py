"""Who decides on an application, how many, and by when, as data."""
