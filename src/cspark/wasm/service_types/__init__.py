"""Typed services: what a service takes and answers, and a Python module that says it to type checkers and editors."""
