"""What people are told of, and how a fact becomes notices, mails and pushes."""
