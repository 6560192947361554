"""Every run of every model: summaries, filters, labels, comparison, trash. The folders are the truth."""
