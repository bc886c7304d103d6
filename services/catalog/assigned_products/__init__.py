"""The products of the operator that businesses have."""
