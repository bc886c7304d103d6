"""Forecasts from numbers alone: no database, no clock, and nothing imported that a serving process would feel."""
