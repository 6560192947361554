"""What the Machine screen shows: the past from samples, the present from this host. Free of Textual."""
