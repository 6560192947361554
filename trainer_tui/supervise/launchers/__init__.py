"""Where a supervisor starts: one module for each engine, each with `start(model, lock)`."""
