"""Tracking in MLflow: what is to be told stands in the run folder first, a process of its own sends it.

A server that is down or hangs costs the training nothing: the process has a deadline, and what it did not get
rid of stays in the folder for `sync`. Imports nothing heavy; MLflow is imported by that process alone.
"""

from trainer_tui.training.tracking.delivery import Sent, local_uri, sync
from trainer_tui.training.tracking.tracker import Tracker, final_metrics

__all__ = ["Sent", "Tracker", "final_metrics", "local_uri", "sync"]
