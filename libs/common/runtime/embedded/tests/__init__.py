"""Tests of the embedded servers; they start real ones."""
