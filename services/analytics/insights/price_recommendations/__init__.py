"""Which price would bring more, as far as past sales tell."""
