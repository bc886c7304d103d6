"""What happened to each order, when and by whom."""
