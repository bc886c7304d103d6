"""The texts of notifications: built-in ones in the package, and those a business puts in their place."""
