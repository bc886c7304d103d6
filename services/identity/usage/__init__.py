"""How much of its plan a business has used."""
