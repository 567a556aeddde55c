"""The runner as an HTTP server."""
