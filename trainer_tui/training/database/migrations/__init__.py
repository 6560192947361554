"""The steps that bring a database up to date; `trainer_tui.training.database.opening` takes them."""
