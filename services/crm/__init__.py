"""Customer relations: companies, contacts, leads, deals, tasks, chat and requests."""
