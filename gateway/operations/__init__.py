"""What the gateway answers itself: index, documents, health, administration."""
