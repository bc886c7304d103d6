"""Read-only looks at figures, each with the rights that the route of the same figures asks for."""
