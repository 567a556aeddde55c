"""The command `cspark-wasm`, which is `python -m cspark.wasm` too. It stands on the client, as any program does."""
