"""The one door: clients meet the gateway, the gateway meets the services."""
