"""Trainings that do odd things to their processes and their output, and many that start one watch at once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from random import Random

from fault_compare import compare
from fault_runs import Trial, kinds, trial
from fault_table import Fault, Outcome

from trainer_tui.runs.control import ask
from trainer_tui.runs.state import observe

GRANDCHILDREN = """
if os.fork() == 0:
    for _ in range(3):
        if os.fork() == 0:
            time.sleep(1000)
            os._exit(0)
    os._exit(0)
os.wait()
"""

DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.closerange(0, 64)
    time.sleep(1000)
os.wait()
"""


def _leaves_behind(begins: str, count: int, random: Random) -> Outcome:
    """Processes outlive the training, and the supervisor is killed while it judges."""
    with trial(held=True, begins=begins, end="pass", phases=("full",)) as hurt:
        hurt.begin()
        run = hurt.in_phase("full")
        hurt.let_go()
        hurt.until(run.exit_json.exists, "the end of the training")
        time.sleep(random.uniform(0, 0.2))
        hurt.kill_supervisors()
        hurt.come_back()
        hurt.finish()
        seen = compare(hurt)
        seen.times("left-behind", kinds(run)["left-behind"])
        living = len(hurt.processes("demo.py"))
        if living != count:
            seen.hurt.append(f"{count - living} of what it left behind was ended")
        return seen.outcome(hurt.seconds[-1])


def _ignores_term(random: Random) -> Outcome:
    """A stop that only KILL can carry out, with the supervisor killed in the time of grace."""
    begins = (
        "signal.signal = lambda *ignored: None\nimport _signal\n_signal.signal(15, _signal.SIG_IGN)\n"
        + DAEMON
    )
    with trial(held=True, begins=begins, phases=("full",)) as hurt:
        hurt.begin()
        run = hurt.in_phase("full")
        hurt.asked[ask(run, "stop")] = run.path.name
        hurt.until(lambda: kinds(run)["stopping"], "the stop to be begun")
        time.sleep(random.uniform(0, 0.5))
        hurt.kill_supervisors()
        hurt.come_back()
        hurt.until(lambda: observe(run).over, "the end to be told")
        hurt.finish()
        seen = compare(hurt, dead_training=True, reason="stopped-by-user")
        if hurt.processes("demo.py"):
            seen.wrong.append("something of the run still lives")
        return seen.outcome(hurt.seconds[-1])


def _silent(begins: str, random: Random) -> Outcome:
    """Nothing comes from stdout any more, and the supervisor is killed on top of it."""
    with trial(held=True, begins=begins, prints=False, errors=(), end="pass") as hurt:
        hurt.begin()
        hurt.in_phase("quick")
        hurt.kill_supervisors()
        hurt.come_back()
        hurt.finish()
        return compare(hurt).outcome(hurt.seconds[-1])


# ---- races


def _race_to_start(count: int, random: Random) -> Outcome:
    """So many start the same watch at once."""
    with trial(phases=("full",)) as hurt:
        _together(hurt, count)
        hurt.until(hurt.runs, "a run")
        hurt.finish()
        seen = compare(hurt)
        seen.times("supervisor", kinds(hurt.runs()[0])["supervisor"])
        return seen.outcome()


def _race_to_take_over(count: int, random: Random) -> Outcome:
    """So many come back to a run without a supervisor at once."""
    with trial(held=True, phases=("full",)) as hurt:
        hurt.begin()
        run = hurt.in_phase("full")
        hurt.kill_supervisors()
        began = time.monotonic()
        _together(hurt, count)
        hurt.until(lambda: kinds(run)["supervisor"] == 2, "the one that takes over")
        took = time.monotonic() - began
        hurt.finish()
        seen = compare(hurt)
        seen.times("supervisors", kinds(run)["supervisor"], 2, 2)
        return seen.outcome(took)


def _together(hurt: Trial, count: int) -> None:
    """Start the watch in so many processes that wait for each other."""
    code = (
        "import os, sys, time; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from fault_runs import Trial\n"
        "hurt = Trial(Path(sys.argv[2]))\n"
        "print('ready', flush=True); sys.stdin.readline(); hurt.begin()"
    )
    folder = os.path.dirname(os.path.abspath(__file__))
    command = [sys.executable, "-c", code, folder, str(hurt.root)]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    for racer in racers:
        assert racer.stdout is not None
        racer.stdout.readline()
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write(b"go\n")
        racer.stdin.flush()
    for racer in racers:
        racer.communicate()


FAULTS: tuple[Fault, ...] = (
    Fault(
        "grandchildren",
        "grandchildren outlive the training",
        "Processes that outlive a training that ended by itself are named once and left alone.",
        partial(_leaves_behind, GRANDCHILDREN, 3),
        5,
    ),
    Fault(
        "daemon",
        "a double-forked daemon outlives it",
        "The same for a daemon with no descriptor of ours.",
        partial(_leaves_behind, DAEMON, 1),
        5,
    ),
    Fault(
        "ignores-term",
        "stop of a training that ignores TERM, with a daemon",
        "A stop ends everything that belongs to the run, also what ignores TERM or became a daemon, whoever dies in between.",
        _ignores_term,
        5,
    ),
    Fault(
        "stdout-closed",
        "the training closes stdout and stderr",
        "A training that closes its output is not taken for ended or hung.",
        partial(
            _silent,
            "os.close(1); os.close(2)\nos.open(os.devnull, os.O_WRONLY); os.open(os.devnull, os.O_WRONLY)",
        ),
        3,
    ),
    Fault(
        "stdout-redirected",
        "the training redirects its output to a file",
        "The same for one that prints elsewhere.",
        partial(
            _silent,
            "fd = os.open(os.path.join(root, 'elsewhere'), os.O_WRONLY | os.O_CREAT)\nos.dup2(fd, 1); os.dup2(fd, 2)",
        ),
        3,
    ),
    Fault(
        "race-2",
        "two start one watch at once",
        "Of those who start a watch at once exactly one wins.",
        partial(_race_to_start, 2),
        10,
    ),
    Fault(
        "race-10",
        "ten start one watch at once",
        "Of those who start a watch at once exactly one wins.",
        partial(_race_to_start, 10),
        5,
    ),
    Fault(
        "race-takeover-2",
        "two come back at once",
        "Of those who come back to a run without a supervisor exactly one takes over.",
        partial(_race_to_take_over, 2),
        10,
    ),
    Fault(
        "race-takeover-10",
        "ten come back at once",
        "Of those who come back to a run without a supervisor exactly one takes over.",
        partial(_race_to_take_over, 10),
        5,
    ),
)
"""Odd trainings, and races."""
