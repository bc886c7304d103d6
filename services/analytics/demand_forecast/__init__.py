"""Forecasts of demand, each with its evidence or the reason why there is none."""
