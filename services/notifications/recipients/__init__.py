"""People who can be told something: a projection of identity's members."""
