"""What the tests share: packages, a runner, a recording server, and clients of both worlds with one face."""
