"""Answers by a language model: it asks for figures and words them; every number that it says is held against them."""
