"""Serve the runner over HTTP."""
