"""Published clients against the runner. As a package of pytest, they share a runner that ends with the last of them."""
