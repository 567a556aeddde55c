"""The operations of the runner: find a version, execute, validate, describe, report the status."""
