"""All of execute_many: records are read, planned, executed in chunks, and collected."""
