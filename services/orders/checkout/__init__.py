"""From a cart or a list of items to a placed order."""
