"""Which row is in which split: 60 % train, 20 % validation, 15 % test, 5 % holdout."""
