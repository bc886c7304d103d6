"""The archive of the events that are counted, from which all facts can be built again."""
