"""What is done to processes: kills in each phase, signals, and strangers with the numbers of ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from random import Random

import fault_steps_cases
import fault_trainings
from fault_compare import Seen, compare
from fault_runs import ERRORS, Trial, adopt_orphans, gone, kinds, trial
from fault_table import Fault, Outcome
from lab import Terminal

from trainer_tui.runs.control import ask
from trainer_tui.runs.files import is_locked, read_json, replace_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import observe
from trainer_tui.supervise.start import revive

STOP_S = float(os.environ.get("TRAINER_TUI_FAULT_STOP_S", "60"))
"""How long a process is stopped (SIGSTOP)."""

_NS_LAST_PID = "/proc/sys/kernel/ns_last_pid"


# ---- kills in each phase


def _reach(hurt: Trial, phase: str, random: Random) -> RunFolder:
    """Go to where the fault strikes: in the quick run, between it and the full one, in the full one."""
    first = hurt.in_phase("quick")
    if phase == "quick":
        return first
    hurt.let_go("quick")
    if phase == "full":
        return hurt.in_phase("full")
    hurt.until(first.exit_json.exists, "the end of the quick run")
    time.sleep(random.uniform(0, 0.3))  # which moment of the gate is what is varied
    return hurt.newest() or first


def _kill(who: str, phase: str, random: Random) -> Outcome:
    with trial(held=True) as hurt:
        hurt.begin()
        run = _reach(hurt, phase, random)
        hurt.note()
        if who == "training":
            return _kill_training(hurt, run)
        victims = {"shim": ("shim",), "supervisor": ("supervisor",), "all of ours": ("supervisor", "shim")}
        for victim in victims[who]:
            if victim == "shim":
                hurt.kill_shim(run)
            else:
                hurt.kill_supervisors()
        hurt.come_back() if who != "shim" else None
        hurt.finish()
        return compare(hurt).outcome(hurt.seconds[-1] if hurt.seconds else None)


def _kill_training(hurt: Trial, run: RunFolder) -> Outcome:
    # An error just before the kill could be its cause, for all that anybody can know.
    hurt.in_phase(run.phase, step=max(ERRORS) + 6)
    training = hurt.training(run)
    assert training is not None
    hurt.kill(training.pid)
    began = time.monotonic()
    hurt.until(lambda: observe(run).over, "the end to be told")
    took = time.monotonic() - began
    hurt.finish()
    seen = compare(hurt, dead_training=True)
    if (observe(run).exit or {}).get("signal") != signal.SIGKILL:
        seen.wrong.append("the signal is not kept")
    return seen.outcome(took)


def _kill_dashboard(phase: str, random: Random) -> Outcome:
    """Kill the dashboard in a real terminal, and come back to it in another one."""
    with trial(held=True) as hurt:
        hurt.begin()
        _reach(hurt, phase, random)
        first = Terminal(hurt.root, "watch", "demo")
        try:
            hurt.until(lambda: "running" in first.screen(), "the dashboard")
            hurt.kill(first.pid())
        finally:
            first.close()
        began = time.monotonic()
        again = Terminal(hurt.root, "watch", "demo")
        try:
            hurt.until(lambda: "● running" in again.screen(), "the dashboard again")
            took = time.monotonic() - began
        finally:
            again.close()
        hurt.finish()
        seen = compare(hurt)
        if any(kinds(run)["supervisor"] != 1 for run in hurt.runs()):
            seen.wrong.append("the supervisor was not the same all the time")
        return seen.outcome(took)


# ---- signals


def _close_terminal(random: Random) -> Outcome:
    """Start a watch in a terminal, and close that: everything in its session gets SIGHUP."""
    with trial(held=True) as hurt:
        terminal = Terminal(hurt.root, "watch", "demo")
        try:
            hurt.in_phase("quick")
            hurt.until(lambda: "● running" in terminal.screen(), "the dashboard")
        finally:
            terminal.close()
        hurt.finish()
        seen = compare(hurt)
        if any(kinds(run)["supervisor"] != 1 for run in hurt.runs()):
            seen.wrong.append("the supervisor was not the same all the time")
        return seen.outcome()


def _hang_up(random: Random) -> Outcome:
    """SIGHUP, SIGINT, SIGTERM and SIGQUIT to the shim, SIGHUP to the supervisor."""
    with trial(held=True) as hurt:
        hurt.begin()
        run = hurt.in_phase("quick")
        shim, supervisor = hurt.shim(run), hurt.supervisor()
        assert shim is not None and supervisor is not None
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            os.kill(shim.pid, number)
        os.kill(supervisor.pid, signal.SIGHUP)
        hurt.finish()
        seen = compare(hurt)
        if any(kinds(one)["supervisor"] != 1 for one in hurt.runs()):
            seen.wrong.append("the supervisor was not the same all the time")
        return seen.outcome()


def _stop(who: str, random: Random) -> Outcome:
    """SIGSTOP for a while, SIGCONT; the training may end meanwhile."""
    with trial(held=True, phases=("full",)) as hurt:
        hurt.begin()
        run = hurt.in_phase("full")
        named = {"supervisor": hurt.supervisor(), "shim": hurt.shim(run)}
        stopped = [named[name] for name in (("supervisor", "shim") if who == "both" else (who,))]
        began = time.time()
        for one in stopped:
            assert one is not None
            os.kill(one.pid, signal.SIGSTOP)
        hurt.note()
        time.sleep(STOP_S)
        seen = Seen()
        if not observe(run).alive:
            seen.wrong.append("a training that runs was not shown as running")
        hurt.let_go()
        training = hurt.training(run)
        assert training is not None
        hurt.until(lambda: not training.is_alive(), "the end of the training")
        if observe(run).alive:
            seen.wrong.append("a zombie was shown as running")
        for one in stopped:
            assert one is not None
            os.kill(one.pid, signal.SIGCONT)
        hurt.dead.append((began, time.time()))
        back = time.monotonic()
        hurt.until(lambda: observe(run).over, "the end to be told")
        took = time.monotonic() - back
        hurt.finish()
        found = compare(hurt)
        found.wrong += seen.wrong
        return found.outcome(took)


# ---- who is alive


def _reboot(random: Random) -> Outcome:
    """Everything gone at once, another boot id, and a stranger with the number of the training."""
    with trial(held=True, phases=("full",)) as hurt, _stranger() as stranger:
        hurt.begin()
        run = hurt.in_phase("full")
        _end_all(hurt, run)
        document = read_json(run.process_json) or {}
        replace_json(run.process_json, {**document, "pid": stranger.pid, "boot_id": "the-boot-before"})
        return _lost(hurt, run, stranger)


def _reuse(random: Random) -> Outcome:
    """The training's number is given to a stranger."""
    with trial(held=True, phases=("full",)) as hurt:
        hurt.begin()
        run = hurt.in_phase("full")
        training = hurt.training(run)
        assert training is not None
        adopt_orphans()  # else its number stays taken until somebody waits for it
        _end_all(hurt, run)
        hurt.until(lambda: gone(training.pid) and not os.path.exists(f"/proc/{training.pid}"), "its number")
        stranger = _with_pid(training.pid)
        if stranger is None:
            return Outcome(True, wrong="the number was never given again")
        try:
            return _lost(hurt, run, stranger)
        finally:
            stranger.kill()
            stranger.wait()


def _lost(hurt: Trial, run: RunFolder, stranger: subprocess.Popen[bytes]) -> Outcome:
    began = time.monotonic()
    shown = observe(run)
    took = time.monotonic() - began
    ask(run, "stop")
    revive(hurt.model)
    hurt.finish()
    seen = Seen()
    seen.times("ended", kinds(run)["ended"])
    if (shown.reason, observe(run).reason) != ("lost", "lost"):
        seen.wrong.append(f"it was shown as {shown.status}, and ended as {observe(run).reason}")
    if stranger.poll() is not None:
        seen.hurt.append("a stranger was ended")
    return seen.outcome(took)


def _end_all(hurt: Trial, run: RunFolder) -> None:
    hurt.kill_supervisors()
    hurt.kill_shim(run)
    training = hurt.training(run)
    assert training is not None
    hurt.kill(training.pid)
    hurt.until(lambda: not is_locked(run.alive_lock), "the lock of the training")


def _with_pid(pid: int) -> subprocess.Popen[bytes] | None:
    """A stranger with this very number, once that is free."""
    for _ in range(500):
        with open(_NS_LAST_PID, "w") as file:
            file.write(str(pid - 1))
        process = subprocess.Popen(["sleep", "1000"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    return None


def _no_reuse() -> str:
    return (
        "" if os.access(_NS_LAST_PID, os.W_OK) and os.geteuid() == 0 else f"{_NS_LAST_PID} cannot be written"
    )


@contextlib.contextmanager
def _stranger():  # type: ignore[no-untyped-def]
    process = subprocess.Popen(["sleep", "1000"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


# ---- the table


def _no_tmux() -> str:
    return "" if shutil.which("tmux") else "tmux is not installed"


_PROMISES = {
    "dashboard": "A dashboard that is killed costs nothing: training and supervisor never notice it.",
    "supervisor": "A supervisor that is killed costs nothing: whoever comes next takes over where the events end.",
    "shim": "A killed shim costs the exit status alone; the run then ends as lost, and never as passed.",
    "all of ours": "The training goes on when everything of ours is killed at once.",
    "training": "A killed training is told with its signal, once, with its entry in the diary.",
}


def _in_each_phase(who: str, inject: Callable[[str, Random], Outcome], times: int) -> list[Fault]:
    where = {"quick": "in the quick run", "gate": "between quick and full", "full": "in the full run"}
    needs = _no_tmux if who == "dashboard" else None
    phases = ("quick", "full") if who in ("training", "dashboard") else tuple(where)
    name = who.replace(" ", "-")
    return [
        Fault(
            f"{name}-{phase}",
            f"kill -9 of {who} {where[phase]}",
            _PROMISES[who],
            partial(inject, phase),
            times,
            needs,
        )
        for phase in phases
    ]


FAULTS: tuple[Fault, ...] = (
    *_in_each_phase("dashboard", _kill_dashboard, 5),
    *(
        f
        for who in ("supervisor", "shim", "training", "all of ours")
        for f in _in_each_phase(who, partial(_kill, who), 10)
    ),
    *fault_steps_cases.FAULTS,
    Fault(
        "terminal",
        "the terminal is closed",
        "A closed terminal ends the dashboard and nothing else.",
        _close_terminal,
        5,
        _no_tmux,
    ),
    Fault(
        "hang-up",
        "SIGHUP, SIGINT, SIGTERM, SIGQUIT",
        "Signals that a terminal or a stop sends around do not end the shim; SIGHUP does not end the supervisor.",
        _hang_up,
        5,
    ),
    *(
        Fault(
            f"stop-{who}",
            f"SIGSTOP of {who} for {STOP_S:.0f} s",
            "What we are kept from doing we do afterwards; a training that runs is shown so, a zombie is not.",
            partial(_stop, who),
            2,
        )
        for who in ("supervisor", "shim", "both")
    ),
    Fault(
        "reboot",
        "another boot id",
        "After a reboot a run is lost at the first look, and nobody with an old number is signalled.",
        _reboot,
        5,
    ),
    Fault(
        "pid-reuse",
        "the training's number given to a stranger",
        "A reused number is never taken for the run, and a stranger is never signalled.",
        _reuse,
        5,
        _no_reuse,
    ),
    *fault_trainings.FAULTS,
)
"""Everything that is done to processes."""
