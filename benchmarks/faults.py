"""The fault table: every way to hurt us that we know, what survived it, what was lost, how long it took.

`python benchmarks/faults.py [NAME…] [--times N] [--seed S] [--kills N] [--side N] [--list]` injects every
fault, or those whose names begin so, then kills at random until N processes of ours have died. Exits with 1
when a promise was broken.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from random import Random

from fault_storm import storm
from fault_table import Fault, Outcome
from lab import machine, median

MODULES = ("fault_kills", "fault_files")
KILLS = 1000
SIDE = 2
"""Injections at a time: much of them is waiting for real processes."""


def faults() -> list[Fault]:
    """Every fault there is."""
    found: list[Fault] = []
    for name in MODULES:
        try:
            found += importlib.import_module(name).FAULTS
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    return found


def injected(fault: Fault, times: int, seed: int, side: int) -> list[Outcome]:
    """The outcomes of so many injections of a fault."""
    with ThreadPoolExecutor(side) as pool:
        randoms = [Random(f"{seed} {fault.name} {turn}") for turn in range(times)]
        return list(pool.map(lambda random: _once(fault, random), randoms))


def _once(fault: Fault, random: Random) -> Outcome:
    try:
        return fault.inject(random)
    except Exception as error:  # one injection that fails must not hide the others
        return Outcome(False, wrong=f"{type(error).__name__}: {error}")


def row(name: str, outcomes: list[Outcome]) -> str:
    """One line of the table."""
    lost, doubled = sum(o.lost for o in outcomes), sum(o.doubled for o in outcomes)
    seconds = [o.seconds for o in outcomes if o.seconds is not None]
    took = f"{median(seconds):6.2f} {max(seconds):6.2f}" if seconds else f"{'':6} {'':6}"
    mark = "✘" if any(o.wrong for o in outcomes) else "✔"
    survived = sum(o.survived for o in outcomes)
    return f"{mark} {name:<22} {len(outcomes):5} {survived:9} {lost:5} {doubled:8} {took}"


def main(arguments: list[str]) -> int:
    """Print the table; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description="The fault table.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--times", type=int, help="injections of each fault, instead of its own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--kills", type=int, help=f"random kills at the end [{KILLS}, 0 where names are given]"
    )
    parser.add_argument("--side", type=int, default=SIDE, help="injections at a time")
    parser.add_argument("--list", action="store_true", help="say what is promised, and inject nothing")
    wish = parser.parse_args(arguments)
    chosen = [f for f in faults() if not wish.names or f.name.startswith(tuple(wish.names))]
    if wish.list:
        for fault in chosen:
            print(f"{fault.name}: {fault.what}\n    {fault.promise}")
        return 0
    print(f"Faults ({machine()})\n")
    print(f"  {'fault':<22} times  survived  lost  doubled  right state after, s (median, worst)")
    broken, began = 0, time.monotonic()
    for fault in chosen:
        why = fault.needs() if fault.needs is not None else ""
        if why:
            print(f"– {fault.name:<22} not injected: {why}", flush=True)
            continue
        outcomes = injected(fault, wish.times or fault.times, wish.seed, wish.side)
        broken += _printed(fault.name, outcomes)
    kills = wish.kills if wish.kills is not None else 0 if wish.names else KILLS
    if kills:
        fallen, outcomes = storm(kills, wish.seed, wish.side)
        broken += _printed("random-kills", outcomes)
        print(f"  random kills: {', '.join(f'{n} of {who}' for who, n in sorted(fallen.items()))}")
    verdict = "every promise was kept" if not broken else f"{broken} broken"
    print(f"\n{verdict}; {time.monotonic() - began:.0f} s")
    return int(broken > 0)


def _printed(name: str, outcomes: list[Outcome]) -> int:
    print(row(name, outcomes), flush=True)
    wrong = [outcome.wrong for outcome in outcomes if outcome.wrong]
    for words in wrong[:5]:
        print(f"      {words[:600]}", flush=True)
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
