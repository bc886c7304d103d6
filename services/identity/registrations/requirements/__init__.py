"""What an application needs, as data, and what the applicant has supplied of it."""
