"""The sandbox provider's own side: its interface, its payment page and the webhooks it sends."""
