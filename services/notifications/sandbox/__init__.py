"""Pushes that the FCM simulator took."""
