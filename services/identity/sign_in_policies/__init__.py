"""What a business asks of the sign-ins of those who work in it."""
