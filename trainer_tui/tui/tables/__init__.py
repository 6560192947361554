"""The history as a table: how its cells are written, sorted and flagged. Free of Textual."""
