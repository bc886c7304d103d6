"""Devices that take pushes."""
