"""The end of a run: how the process ended, what its gates say, and the one reason that follows."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from trainer_tui.failures import Scene, classify_exit, reason_for
from trainer_tui.runs.exit_document import read_exit
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.state import RunState, observe
from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.runs.verdict import GateResult
from trainer_tui.supervise import job, stopping
from trainer_tui.supervise.aftermath import outlived
from trainer_tui.supervise.cgroup import memory
from trainer_tui.supervise.chain import owed_decision
from trainer_tui.supervise.forecast import forecast, forecast_text, warning
from trainer_tui.supervise.gates import evaluate, failures
from trainer_tui.supervise.notebook.searched import log_trials
from trainer_tui.supervise.publish import publish_results
from trainer_tui.supervise.scenery import SAYS_NOT_WHY, scene_of
from trainer_tui.supervise.swallowed import SWALLOWED, failed_quietly

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

LOOKED_BACK = 200
"""Earlier runs that a forecast learns from."""

_OUR_ENDS = {
    "stopped-by-user": "a user stopped it",
    "skipped": "a user skipped the rest of the quick phase",
    "time-limit": "its time limit ended it",
}


def finish(s: RunSupervisor) -> None:
    """Judge a run whose process is gone. Can be repeated after a kill at any step."""
    exit_status = read_exit(s.run.exit_json)
    size = _read_to_the_end(s)
    if exit_status is not None and s.state.exit is None:
        s.emit("exited", **exit_status)
    reason, sentence = _verdict_of_process(s, exit_status)
    s.struggle.complete()
    _left_behind(s)
    if s.machine is not None:
        s.machine.look()
    unread = _unread(s, size)
    reason, sentence = _verdict_of_gates(s, reason, sentence, unread)
    if reason == "passed":
        # The results of a run that failed must not stand where those of a good one stood.
        s.attempt("results", "results cannot be published", lambda: publish_results(s.model, s.run))
    if s.request.phase == "quick" and reason == "passed" and "full" in s.plan.phases and not s.state.forecast:
        _forecast(s)
    s.struggle.conclude(reason, sentence)
    _log_search(s)
    s.emit("ended", reason=reason, sentence=sentence, **({"unread": unread} if unread else {}))
    tell_restart(s)


def tell_restart(s: RunSupervisor) -> None:
    """Say of an ended run whether it is started again, unless it was said; who is told why waits for more."""
    decision = owed_decision(s.model, s.request, s.state)
    if decision is not None:
        s.emit("restart", attempt=s.request.attempt + 1, again=decision.restart, why=decision.why)


def _read_to_the_end(s: RunSupervisor) -> int:
    """Take in all that is left to read; returns the size of the log in bytes."""
    now = time.monotonic()
    try:
        size = s.run.log().stat().st_size
    except OSError:
        size = 0
    s.hear_of_foreign(at_the_end=True)
    s.read_history(now, math.inf)
    # Processes that were left behind may go on writing for ever; that is not this run's log any more.
    while s.read_log(now) and s.log.read < size:
        pass
    for incident in s.log.finish():
        s.found(incident, now)
    s.judge_survived(now)
    s.controls.obey()
    return size


def _unread(s: RunSupervisor, size: int) -> str:
    """Why the log was not read to its end; empty when it was."""
    blind = next((why for source, why in s.state.blind if source == "log"), "")
    if blind or s.log.read >= size:
        return blind
    return f"{s.log.read:,} of the log's {size:,} bytes were read"


def _log_search(s: RunSupervisor) -> None:
    def act() -> None:
        log_trials(s.run, s.request.model, s.notebook, s.struggle.wait_s)

    s.attempt("search-log", "the search log cannot be written", act)


def _verdict_of_process(s: RunSupervisor, exit_status: dict[str, object] | None) -> tuple[str, str]:
    ours = s.controls.end_reason
    if exit_status is None:
        return _verdict_without_status(s)
    if ours:
        s.book.ended_by_us(time.monotonic(), end=_OUR_ENDS.get(ours, ours))
        how = "; it did not heed TERM and was killed" if s.controls.killed else ""
        return ours, _OUR_ENDS.get(ours, ours) + how
    well = exit_status.get("code") == 0
    swallowed = well and failed_quietly(s)
    survived = s.sight.call("incidents", lambda: outlived(s), frozenset[str]()) if not well else ()
    scene = s.sight.call("end", lambda: scene_of(s, exit_status), Scene())
    exit_incident = classify_exit(
        exit_status,
        incidents=s.book.errors("suspected", "confirmed"),
        memory_limit_bytes=_memory_limit(s),
        scene=scene,
    )
    proof: dict[str, object] = {"exit": exit_incident.message} if exit_incident is not None else {}
    if swallowed:
        proof = {"exit": SWALLOWED}
    if scene.kernel:
        proof["kernel"] = [word.text for word in scene.kernel[-5:]]
    if exit_incident is not None and exit_incident.kind == "cpu-oom":
        s.book.explain(SAYS_NOT_WHY, exit_incident.kind, exit_incident.hypotheses)
    s.book.ended(badly=not well or swallowed, log_size=s.log.read, survived=survived, **proof)
    if exit_incident is not None and not s.book.errors("confirmed"):
        s.found(exit_incident.with_fate("confirmed"), time.monotonic())
    confirmed = s.book.errors("confirmed")
    if not confirmed:
        return ("passed", "the process ended with exit code 0") if well else ("failed", "it did not end well")
    first = confirmed[0]
    if swallowed:
        return reason_for(first), f"{first.message}; {SWALLOWED}"
    return reason_for(first), first.message + _added(first, exit_incident)


def _added(first: Incident, by_exit: Incident | None) -> str:
    """What the exit status says beyond an error that does not say why; empty where it says nothing more."""
    if by_exit is None or first.id == by_exit.id or first.message in by_exit.message:
        return ""
    says_more = first.kind in SAYS_NOT_WHY or first.kind == by_exit.kind == "cpu-oom"
    return f"; {by_exit.message}" if says_more else ""


def _verdict_without_status(s: RunSupervisor) -> tuple[str, str]:
    """Nobody wrote how it ended; the kernel may have said it all the same."""
    scene = s.sight.call("end", lambda: scene_of(s, {}), Scene())
    guess = classify_exit({}, incidents=s.book.errors("suspected", "confirmed"), scene=scene)
    known = guess is not None and guess.kind != "lost"
    s.book.ended(badly=known or bool(s.book.errors("suspected")), log_size=s.log.read)
    if s.process is None and not s.run.alive_lock.exists():
        return "launch-failed", "its shim could not be started"
    if guess is None or not known:
        return "lost", "it ended, exit unknown: its shim was killed before it could write how"
    if not s.book.errors("confirmed"):
        s.found(guess.with_fate("confirmed"), time.monotonic())
    return reason_for(guess), guess.message


def _memory_limit(s: RunSupervisor) -> int:
    """Bytes that the job may use: its cgroup's, or the machine's."""
    sample = s.machine.last if s.machine is not None else None
    return sample.ram_total if sample is not None else memory().total


def _verdict_of_gates(s: RunSupervisor, reason: str, sentence: str, unread: str) -> tuple[str, str]:
    if reason == "skipped":
        return reason, sentence
    # A supervisor that was killed after it had judged has judged.
    results: tuple[GateResult, ...] | None = s.state.gates
    if not results:
        state = replace(s.state, unread=unread)
        results = s.sight.call("gates", lambda: evaluate(s.run, state, s.plan, s.notebook), None)
        if results is None:
            unjudged = f"its gates cannot be judged: {s.sight.why('gates')}"
            return ("failed", unjudged) if reason == "passed" else (reason, sentence)
        s.emit("gates", results=[result.to_dict() for result in results])
    failed = failures(results)
    if reason != "passed":
        return reason, sentence
    if failed:
        return "gate-failed", "; ".join(f"{result.name}: {result.sentence}" for result in failed)
    counted = [result for result in results if result.state != "not-applicable"]
    done = sum(result.state == "passed" for result in counted)
    return "passed", f"exit code 0, {done} of {len(counted)} gates passed, none failed"


def _left_behind(s: RunSupervisor) -> None:
    left = job.marked(s.run.path)
    if not left:
        return
    ours = bool(s.controls.end_reason)
    if "left-behind" not in s.inherited.kinds:
        # Written first: once they are ended nobody could tell of them.
        s.emit("left-behind", processes=job.describe(left), ended=ours)
    if ours:
        stopping.end_left_behind(s.run.path)


def _forecast(s: RunSupervisor) -> None:
    telemetry = TelemetryReader(s.run.telemetry)
    telemetry.poll()
    seen = forecast(s.plan, s.state, s.history.history, telemetry, passed_pairs(s.model, s.request.number))
    telemetry.close()
    if seen is None:
        return
    s.emit(
        "forecast",
        seconds_low=round(seen.seconds_low, 1),
        seconds_high=round(seen.seconds_high, 1),
        memory_low=seen.memory_low,
        memory_high=seen.memory_high,
        basis=seen.basis,
        text=forecast_text(seen),
        warning=warning(s.plan, seen, _memory_limit(s)),
    )


def passed_pairs(model: ModelFolder, before: int) -> list[tuple[RunState, RunState]]:
    """(quick, full) of the model's newest earlier watches that went well, oldest first.

    `LOOKED_BACK` runs are looked at: whoever waits for the end of a run does not wait for ten thousand.
    """
    by_watch: dict[int, dict[str, RunState]] = {}
    earlier = [run for run in islice(model.newest_first(), LOOKED_BACK) if run.number < before]
    for run in reversed(earlier):
        state = observe(run)
        if state.passed:
            by_watch.setdefault(state.watch, {})[run.phase] = state
    return [(pair["quick"], pair["full"]) for pair in by_watch.values() if len(pair) == 2]
