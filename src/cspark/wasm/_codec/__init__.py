"""JSON and compression: values to bytes and back."""
