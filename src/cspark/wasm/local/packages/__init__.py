"""Packages: read, checked, stored."""
