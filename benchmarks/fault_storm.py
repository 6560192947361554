"""Random kills: anybody of ours, at any moment, many in each watch, and somebody comes back after each."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Lock

from fault_compare import compare
from fault_runs import Trial, trial
from fault_table import Outcome
from lab import Terminal

from trainer_tui.runs.state import observe
from trainer_tui.supervise.start import is_unfinished, revive

PAUSE_S = 0.6
"""At most so long lives whoever came back before the next kill, mostly."""

LONG_PAUSE_S = 4.0
"""Sometimes it lives so long: it takes two looks, a second apart, to call a run lost."""

SCREENS = 0.12
"""The share of watches that a dashboard shows; the others are looked at by `status`."""

SHIMS = 0.06
"""The share of kills that hit the shim: they cost a run its exit status."""

STATUS = 0.3
"""The share of returns in which the installed program is asked, too: it costs more than a supervisor does."""


class Tally:
    """The kills so far, of all watches side by side."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.fallen: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, who: str, count: int = 1) -> None:
        """So many of these were killed."""
        with self._lock:
            self.fallen[who] += count

    @property
    def enough(self) -> bool:
        """Whether as many were killed as were wanted."""
        return sum(self.fallen.values()) >= self.wanted


def storm(kills: int, seed: int, side: int) -> tuple[dict[str, int], list[Outcome]]:
    """Kill so many; who fell, and an outcome for each watch (`seconds`: of its slowest return)."""
    tally = Tally(kills)
    outcomes: list[Outcome] = []

    def work(lane: int) -> None:
        turn = 0
        while not tally.enough:
            turn += 1
            try:
                outcomes.append(_watch(Random(f"{seed} storm {lane} {turn}"), tally))
            except Exception as error:
                outcomes.append(Outcome(False, wrong=f"{type(error).__name__}: {error}"))

    with ThreadPoolExecutor(side) as pool:
        list(pool.map(work, range(side)))
    return dict(tally.fallen), outcomes


def _watch(random: Random, tally: Tally) -> Outcome:
    end = random.choice(("raise", "raise", "pass"))
    steps = random.randint(20, 150)
    errors = tuple(sorted(random.sample(range(3, 16), 3)))
    with trial(end=end, steps=steps, errors=errors) as hurt:
        hurt.begin()
        shown = random.random() < SCREENS
        screen: Terminal | None = None
        wrong: list[str] = []
        try:
            while is_unfinished(hurt.model) and not tally.enough:
                if shown and screen is None:
                    screen = Terminal(hurt.root, "watch", "demo")
                most = PAUSE_S if random.random() < 0.9 else LONG_PAUSE_S
                time.sleep(random.uniform(0, most))  # the moment of the kill is what is varied
                if random.random() < 0.3:
                    hurt.note()
                began = time.time()
                if screen is not None and random.random() < 0.4:
                    tally.add("dashboards", _kill_screen(hurt, screen))
                    screen = None
                    continue
                _strike(hurt, random, tally)
                if random.random() < STATUS:
                    wrong += _asked(hurt)
                time.sleep(random.choice((0, 0, 0, random.uniform(0, 1))))
                hurt.come_back()
                hurt.dead.append((began, time.time()))
        finally:
            if screen is not None:
                screen.close()
        hurt.finish()
        seen = compare(hurt)
        seen.wrong += wrong
        return seen.outcome(max(hurt.seconds, default=None))


def _strike(hurt: Trial, random: Random, tally: Tally) -> None:
    """Kill somebody, or several at once."""
    run = hurt.newest()
    if run is not None and random.random() < SHIMS and hurt.kill_shim(run):
        tally.add("shims")
        if random.random() < 0.5:
            return
    if random.random() < 0.25:  # the one that takes over does not live long, either
        tally.add("supervisors", hurt.kill_supervisors())
        revive(hurt.model)
        time.sleep(random.uniform(0, 0.5))
    tally.add("supervisors", hurt.kill_supervisors())


def _kill_screen(hurt: Trial, screen: Terminal) -> int:
    """Kill a dashboard and close its terminal; returns 0 when it had left by itself."""
    try:
        hurt.kill(screen.pid())
    except ValueError:
        return 0
    finally:
        screen.close()
    return 1


def _asked(hurt: Trial) -> list[str]:
    """What `status --json` says, where the truth did not change meanwhile."""
    before = _truth(hurt)
    told = hurt.status()
    if before != _truth(hurt) or before is None:
        return []
    name, alive = before
    if told.get("name") == name and told.get("alive") != alive:
        return [f"status said {told.get('status')} of a training that {'lives' if alive else 'is gone'}"]
    return []


def _truth(hurt: Trial) -> tuple[str, bool] | None:
    """The newest run, and whether the kernel says that its training lives; None where none was met yet."""
    run = hurt.newest()
    training = hurt.training(run) if run is not None else None
    if run is None or training is None or observe(run).status == "starting":
        return None
    return run.name, training.is_alive()
