"""The archive of every event, from which all facts can be built again."""
