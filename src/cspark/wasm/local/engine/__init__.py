"""Instances of a model: one process each, with V8 in it."""
