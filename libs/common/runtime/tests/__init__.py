"""Tests of how processes are run."""
