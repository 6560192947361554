"""The dashboard: `run_cockpit(Cockpit(...))` shows one model's newest watch until it is left."""

from __future__ import annotations

from trainer_tui.tui.app import CockpitApp, run_cockpit
from trainer_tui.tui.cockpit import Cockpit, Departure

__all__ = ["Cockpit", "CockpitApp", "Departure", "run_cockpit"]
