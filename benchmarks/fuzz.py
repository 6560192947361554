"""Every parser, given inputs that are nearly right: none may crash, hang, swell or contradict itself.

    python benchmarks/fuzz.py [--inputs N] [--seed S] [--seconds T] [--keep FOLDER] [TARGET...]

Each target runs in a process of its own, so that a crash of native code is seen and memory is its own. A hang
is an input that takes more CPU time than its target allows, three times in a row; memory above the bound is a
finding too. Each kind of finding (error and place) is counted, made as small as it gets, and shown. Exit code
1 when there was one. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import gc
import json
import mmap
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzz_mutate import Mutator
from fuzz_target import Target, scratch
from fuzz_targets import TARGETS

DEFAULT_INPUTS = 1_000_000
MEMORY = 512 << 20
"""Bytes by which one target may grow over its whole run."""

DEADLINE_FACTOR = 5.0
"""An input that has not ended after so many times its limit is ended by force."""

_ROOM = 1 << 20
_SHRINK_TRIES = 400


class HangError(BaseException):
    """The input took too long; no handler of the product may swallow this one."""


def run_target(
    target: Target, count: int, seed: int, seconds: float, current: mmap.mmap | None = None
) -> dict:
    """Give a target its inputs; a summary as plain data."""
    mutator = Mutator(Random(f"{seed}:{target.name}"), target.seeds(), target.words, target.most)
    findings: dict[str, dict[str, Any]] = {}
    slowest, done = 0.0, 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    while done < count:
        done += 1
        data = mutator.make()
        if current is not None:
            current[:8] = len(data).to_bytes(8, "little")
            current[8 : 8 + len(data)] = data
        what, took = tried(target, data, current is not None)
        if not what and took > target.limit_s:
            took = min(tried(target, data, current is not None)[1] for _ in range(3))
            what = f"hang: over {target.limit_s:g} s of CPU" if took > target.limit_s else ""
        slowest = max(slowest, took)
        if what:
            found = findings.setdefault(what.split("\n")[0], {"count": 0, "input": data, "told": what})
            found["count"] += 1
        if time.process_time() - started > seconds:
            break
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    if grown > MEMORY:
        findings[f"memory: {grown >> 20} MiB more"] = {"count": 1, "input": b"", "told": ""}
    return {
        "target": target.name,
        "inputs": done,
        "seconds": time.process_time() - started,
        "slowest_ms": slowest * 1000,
        "findings": [{"what": what, **found} for what, found in findings.items()],
    }


def tried(target: Target, data: bytes, by_force: bool = False) -> tuple[str, float]:
    """What is wrong with how a target took this input ('' if nothing is), and the CPU seconds it took.

    `by_force`: what does not end is ended, by a handler of SIGPROF or with the process.
    """
    what = ""
    _set_timers(target.limit_s * DEADLINE_FACTOR if by_force else 0.0)
    began = time.process_time()
    try:
        target.call(data)
    except target.allowed:
        pass  # what its documentation names
    except HangError:
        what = f"hang: over {target.limit_s:g} s of CPU"
    except Exception as error:
        what = _named(error)
    finally:
        took = time.process_time() - began
        _set_timers(0.0)
    return what, took


def _set_timers(seconds: float) -> None:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    # Native code never comes back to the handler: this one ends the process, and the parent has the input.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds * 2)


def _named(error: BaseException) -> str:
    """Error and innermost place in the product: findings that share both are one. The traceback follows."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [f for f in frames if "trainer_tui" in f.filename] or list(frames)
    # A recursion ends anywhere: its place is where it began.
    place = inside[0] if isinstance(error, RecursionError) else inside[-1]
    told = "".join(traceback.format_exception(error))[-3000:]
    words = f": {str(error)[:60]!r}" if isinstance(error, AssertionError) else ""
    where = f"{Path(place.filename).name}:{place.lineno} {place.name}"
    return f"{type(error).__name__}{words} at {where}\n{told}"


def smallest(data: bytes, fails: Callable[[bytes], bool], tries: int = _SHRINK_TRIES) -> bytes:
    """A smaller input that still fails: ever smaller pieces are left out."""
    size = max(1, len(data) // 2)
    while size and tries > 0:
        at = 0
        while at < len(data) and tries > 0:
            tries -= 1
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _shrunk(target: Target, finding: dict[str, Any]) -> bytes:
    kind = finding["what"]
    if kind.startswith("memory"):
        return finding["input"]
    tries = 40 if kind.startswith("hang") else _SHRINK_TRIES
    return smallest(finding["input"], lambda data: tried(target, data, True)[0].split("\n")[0] == kind, tries)


# ------------------------------------------------------------------------------------------------ processes


def _on_deadline(*_: object) -> None:
    raise HangError


def in_child(target: Target, count: int, seed: int, seconds: float) -> dict[str, Any]:
    """`run_target` in a process of its own; one that dies is a finding with the input it died of."""
    current = mmap.mmap(-1, _ROOM)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            signal.signal(signal.SIGPROF, _on_deadline)
            gc.freeze()
            summary = run_target(target, count, seed, seconds, current)
            for finding in summary["findings"]:
                finding["input"] = _shrunk(target, finding).hex()
            with os.fdopen(writing, "w") as pipe:
                json.dump(summary, pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            shutil.rmtree(scratch(), ignore_errors=True)
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 0 and told:
        summary = json.loads(told)
        for finding in summary["findings"]:
            finding["input"] = bytes.fromhex(finding["input"])
        return summary
    data = current[8 : 8 + int.from_bytes(current[:8], "little")]
    died = {"what": f"the process ended with {status}", "count": 1, "input": data, "told": ""}
    return {"target": target.name, "inputs": 0, "seconds": 0.0, "slowest_ms": 0.0, "findings": [died]}


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--inputs", type=int, default=DEFAULT_INPUTS, help="inputs over all targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9, help="CPU seconds at most for each target")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs that found something")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them without one")
    asked = parser.parse_args(words)
    known = {target.name: target for target in TARGETS}
    for name in asked.targets:
        if name not in known:
            parser.error(f"there is no target {name}; there are {', '.join(known)}")
    chosen = [known[name] for name in asked.targets] or list(TARGETS)
    shares = sum(target.share for target in chosen)
    rows, bad, total, cpu = [], 0, 0, 0.0
    for target in chosen:
        count = -(-asked.inputs * target.share // shares)
        summary = in_child(target, int(count), asked.seed, asked.seconds)
        total, cpu = total + summary["inputs"], cpu + summary["seconds"]
        bad += len(summary["findings"])
        rows.append(
            (
                target.name,
                f"{summary['inputs']:,}",
                f"{summary['seconds']:.1f}",
                f"{summary['slowest_ms']:.0f}",
                str(len(summary["findings"])),
            )
        )
        print("  ".join(rows[-1]), flush=True)
        for finding in summary["findings"]:
            _show(target, finding, asked.keep)
    print()
    _print_table([("target", "inputs", "seconds", "slowest ms", "findings"), *rows])
    print(f"\n{total:,} inputs, {cpu:.0f} s of CPU, {bad} findings")
    return 1 if bad else 0


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        print(
            "  ".join([name.ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells, widths[1:], strict=True))])
        )


def _show(target: Target, finding: dict[str, Any], keep: Path | None) -> None:
    print(f"    ✘ {finding['what']} ({finding['count']} times)")
    print(f"      input: {finding['input'][:300]!r}" + (" …" if len(finding["input"]) > 300 else ""))
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        name = f"{target.name}-{abs(hash(finding['what'])) % 10**8:08d}"
        (keep / f"{name}.bin").write_bytes(finding["input"])
        (keep / f"{name}.txt").write_text(f"{finding['what']}\n{finding['told']}\n", errors="replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
