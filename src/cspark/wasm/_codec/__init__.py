"""JSON and compression."""
