"""What the runner does when it is asked: find the version, execute, validate, describe, tell its status."""
