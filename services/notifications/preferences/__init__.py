"""What a user wants to be told, over which channels, and when not."""
