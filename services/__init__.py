"""The seven domain services; none imports another."""
