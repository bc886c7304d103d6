"""What tests stand on: databases from a template, clients, actors, and suites that brokers and providers pass."""
