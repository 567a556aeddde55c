"""The performers of flows: one loop blocks, the other awaits. All I/O of a call starts here."""
