"""The facade's logic: generators that say what they want done and receive the result. No I/O, no waiting."""
