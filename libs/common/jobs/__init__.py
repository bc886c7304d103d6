"""Background and timed work in Postgres, committed with the effect it has."""
