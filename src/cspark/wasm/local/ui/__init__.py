"""The page of the local runner, on which a service is seen at work."""
