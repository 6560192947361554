"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no failure: examples are bounded in number, not in time.
settings.register_profile("trainer", deadline=None)
settings.load_profile("trainer")
