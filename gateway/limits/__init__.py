"""Rate limits: token buckets, in memory or shared through Postgres, and who is charged for what."""
