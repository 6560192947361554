"""The lab notebook that fills itself in: what a run tries after a failure, and what it came to."""
