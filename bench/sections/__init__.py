"""One module per section of the table; each has `async def measure(bench) -> list[Row]`."""
