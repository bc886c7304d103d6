"""From a verified credential to an actor, for the gateway."""
