"""Events: envelope, outbox, relay, inbox, consumers, and the two brokers behind one port."""
