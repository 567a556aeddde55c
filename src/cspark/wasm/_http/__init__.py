"""HTTP/1.1 to a runner: a core that does no I/O, and the shells that move its bytes."""
