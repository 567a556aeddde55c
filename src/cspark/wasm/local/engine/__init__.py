"""Run instances of a model, each in a process of its own with V8."""
