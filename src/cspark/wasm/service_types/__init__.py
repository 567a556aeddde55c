"""Typed services: the inputs and outputs of a service, and a Python module that types them for checkers and editors."""
