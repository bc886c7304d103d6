"""The products of a deal, line by line; their sum is the deal's amount."""
