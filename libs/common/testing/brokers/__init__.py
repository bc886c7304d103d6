"""What every broker does, as tests, and the events that they are tried with."""
