"""What stands behind the Trials screen: reading, sorting, words and pictures of a training."""
