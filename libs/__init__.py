"""What the services share: mechanism (common) and the published language (contracts)."""
