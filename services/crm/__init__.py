"""Customer relations: companies, contacts, leads, deals, requests, tasks, projects, memos and chat."""
