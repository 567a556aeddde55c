"""The command `cspark-wasm`, also run as `python -m cspark.wasm`. It uses the client as any other program does."""
