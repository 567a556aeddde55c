"""The logic of calls: generators that yield the steps they need and receive the results. No I/O, no waiting."""
