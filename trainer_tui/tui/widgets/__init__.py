"""The panes of the Watch screen, one file each."""
