"""What subscriptions are sold by: a price for each period."""
