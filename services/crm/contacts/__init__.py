"""People outside the business whom it deals with."""
