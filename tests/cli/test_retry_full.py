"""`retry --full`: the quick phase is left out only where a quick run passed with the very same thing."""

from __future__ import annotations

import os

import pytest
from shop import GOOD, Shop

WINDOW = "[full]\nmin_hours = 1\n"
"""The full run ends too soon: there is something to try again."""


@pytest.fixture
def tried(shop: Shop) -> Shop:
    shop.write("trainer.toml", WINDOW)
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless", code=3)
    return shop


def refusal(shop: Shop) -> str:
    return shop.run("retry", "good", "--full").stderr


def test_the_full_phase_comes_at_once_with_its_reason(tried: Shop) -> None:
    assert tried.json("retry", "good", "--full")["run"] == "good/003-full"
    tried.ok("watch", "good", "--headless", "--attach", code=3)
    told = tried.ok("events", "good", "--run", "3")
    assert "good/001-quick passed with the same sources, settings and environment" in told
    assert tried.json("retry", "good", "--full")["run"] == "good/004-full", "the same quick run still holds"


def test_a_retry_of_the_same_offers_it(tried: Shop) -> None:
    assert "`trainer-tui retry good --full` begins with the full one" in tried.ok("retry", "good")
    tried.ok("watch", "good", "--headless", "--attach", code=3)
    tried.model("good", GOOD + "\nprint('changed')\n")
    assert "--full" not in tried.ok("retry", "good")


def test_a_change_calls_for_the_quick_phase(tried: Shop) -> None:
    tried.model("good", GOOD + "\nprint('changed')\n")
    assert "the quick phase is needed: its sources have changed since good/001-quick" in refusal(tried)
    tried.model("good", GOOD)
    tried.write("trainer.toml", WINDOW + "[models.good]\nseed = 4\n")
    assert "its settings have changed" in refusal(tried)
    tried.write("trainer.toml", WINDOW)
    tried.environ["OMP_NUM_THREADS"] = "7"
    assert "the environment has changed since good/001-quick: OMP_NUM_THREADS" in refusal(tried)
    del tried.environ["OMP_NUM_THREADS"]
    tried.environ["SSH_CLIENT"] = f"elsewhere {os.getpid()}"
    assert tried.json("retry", "good", "--full")["run"] == "good/003-full"


def test_a_quick_run_that_failed_or_never_was(shop: Shop) -> None:
    shop.model("good", GOOD)
    shop.model("bad", "raise SystemExit(3)\n")
    assert "it has no quick run yet" in shop.run("retry", "good", "--full").stderr
    shop.ok("watch", "bad", "--headless", code=1)
    assert "bad/001-quick did not pass" in shop.run("retry", "bad", "--full").stderr
