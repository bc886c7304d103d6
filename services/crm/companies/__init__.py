"""Companies a business deals with."""
