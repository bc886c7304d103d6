"""How much of each variant lies in each warehouse, and the movements that explain it."""
