"""Read, check and store packages."""
