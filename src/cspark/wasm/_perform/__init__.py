"""The facade's I/O: two loops that perform flows, one blocking, one awaiting. httpx is used here alone."""
