"""What the pipeline keeps in the database of runs: experiments, models, splits, the ledger of evaluations."""
