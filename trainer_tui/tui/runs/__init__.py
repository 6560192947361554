"""What stands behind the Runs screen: its reader, rows, words, keys and errands. Nothing here draws."""
