"""How inert service values become running processes."""
