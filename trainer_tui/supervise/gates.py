"""The gates: what a quick run must show before the full one, and what a full run must show before it counts.

Each gate is one function from the evidence to one line of the checklist. A failed gate makes a run
`gate-failed`; an open one waits for a person without taking anything from the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer_tui import diary
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.conditions import parse_condition
from trainer_tui.runs.history import History
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import MAIN_METRIC, WatchPlan
from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import GateResult
from trainer_tui.supervise.convergence import convergence
from trainer_tui.supervise.metrics import history_of_run
from trainer_tui.supervise.results import results_faults


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the gates look at."""

    run: RunFolder
    state: RunState
    plan: WatchPlan
    notebook: diary.Diary
    history: History | None

    @property
    def promised(self) -> bool:
        """Whether results, history and model were promised: models do, plain commands do not."""
        return self.plan.is_model


Gate = Callable[[Evidence], GateResult]


def exited_well(e: Evidence) -> GateResult:
    """Exit 0."""
    code = (e.state.exit or {}).get("code")
    if code == 0:
        return GateResult("exit", "passed", "the process ended with exit code 0")
    number = (e.state.exit or {}).get("signal")
    how = f"was ended by signal {number}" if number else f"ended with exit code {code}" if code else "is gone"
    return GateResult(
        "exit", "failed", f"the process {how}", "the diary entry and the end of the log say why"
    )


def no_incident(e: Evidence) -> GateResult:
    """No confirmed incident."""
    confirmed = [i for i in e.state.incidents if i.severity == "error" and i.fate == "confirmed"]
    if confirmed:
        return GateResult("incidents", "failed", confirmed[0].message, "read the diary entry, mend, retry")
    recovered = sum(i.severity == "error" and i.fate == "recovered" for i in e.state.incidents)
    note = f", {recovered} recovered" if recovered else ""
    return GateResult("incidents", "passed", f"no confirmed incident{note}")


def results_good(e: Evidence) -> GateResult:
    """results.csv present, finite, in range, not all the same."""
    if not e.promised and not e.run.results.exists():
        return GateResult("results", "not-applicable", "a command promises no results.csv")
    faults = results_faults(e.run.results, e.plan.ranges)
    if not faults:
        return GateResult("results", "passed", "results.csv: every number finite and in its range")
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    advice = (
        "call run.save_results(rows)"
        if not e.run.results.exists()
        else "look at results.csv in the run folder"
    )
    return GateResult("results", "failed", faults[0] + more, advice)


def within_window(e: Evidence) -> GateResult:
    """The required training time of the full phase."""
    took = max(0.0, (e.state.duration_s or 0.0) - e.state.paused_s)
    low, high = e.plan.min_s, e.plan.max_s
    if low <= 0 and not e.promised:
        return GateResult("window", "not-applicable", "a command has no required training time")
    window = f"{duration_text(low)} to {duration_text(high)}"
    if took < low:
        return GateResult(
            "window",
            "failed",
            f"computational requirements not met: {duration_text(took)} of training, required are {window}",
            "more epochs, chains or estimators, a wider search, or another full.min_hours in trainer.toml",
        )
    if took > high:
        return GateResult(
            "window",
            "passed",
            f"{duration_text(took)}, above {window}",
            "consider a less costly configuration",
        )
    return GateResult("window", "passed", f"{duration_text(took)}, required are {window}")


def history_saved(e: Evidence) -> GateResult:
    """A history with rows."""
    if e.history is not None and e.history.rows:
        return GateResult("history", "passed", f"{e.history.rows} rows in {e.run.history.name}")
    if not e.promised:
        return GateResult("history", "not-applicable", "a command promises no history")
    return GateResult("history", "failed", f"{e.run.history.name} has no rows", "call run.log(epoch=…, …)")


def model_saved(e: Evidence) -> GateResult:
    """A saved model that is not empty."""
    saved = [p for p in e.run.models() if p.stat().st_size > 0]
    if saved:
        return GateResult("model", "passed", f"{saved[0].name}, {saved[0].stat().st_size:,} bytes")
    if not e.promised:
        return GateResult("model", "not-applicable", "a command promises no model file")
    return GateResult("model", "failed", "no model_final.* was saved", "call run.save_model(model)")


def log_complete(e: Evidence) -> GateResult:
    """The log is there and was read to its end."""
    unread = [e.state.unread, *(why for source, why in e.state.blind if source == "log")]
    if any(unread):
        return GateResult("log", "failed", next(filter(None, unread)))
    try:
        size = e.run.log().stat().st_size
    except OSError as error:
        return GateResult("log", "failed", f"the log is gone: {error.strerror or error}")
    return GateResult("log", "passed", f"{size:,} bytes, read to the end")


def converged(e: Evidence) -> GateResult:
    """Converged, or a diary entry about this run says why not."""
    if e.history is None or not e.history.rows:
        return GateResult("converged", "not-applicable", "there is no history to judge by")
    found = convergence(e.history, e.plan.main_metric, e.plan.converged)
    if found.converged:
        return GateResult("converged", "passed", found.sentence)
    # We open entries ourselves: only one that is written up says anything.
    if any(not diary.complete(entry) for entry in diary.entries_for_run(e.notebook, e.run.name)):
        return GateResult("converged", "passed", f"{found.sentence}; a diary entry of this run says why")
    return GateResult(
        "converged", "open", found.sentence, "train longer, or say in the diary why it is enough"
    )


def columns_known(e: Evidence) -> GateResult:
    """The columns that the full run will be judged by are there: a misspelt one is found before the hours."""
    asked = {"converged": parse_condition(e.plan.converged).column} if e.plan.converged else {}
    if e.plan.main_metric != MAIN_METRIC:  # what nobody chose, nobody misspelt
        asked["main_metric"] = e.plan.main_metric
    have = e.history.metrics() if e.history is not None and e.history.rows else []
    for setting, column in asked.items():
        if have and e.history is not None and column not in e.history.columns:
            return GateResult(
                "converged",
                "open",
                f"the history has no column {column}; it has {', '.join(have)}",
                f"mend {setting} in trainer.toml, or log {column} in the full run",
            )
    return GateResult("converged", "not-applicable", "is judged in the full run")


def diary_written(e: Evidence) -> GateResult:
    """At least one diary entry about this model."""
    count = len(diary.entries_for_model(e.notebook, e.run.model))
    if count:
        return GateResult(
            "diary", "passed", f"{count} entr{'y' if count == 1 else 'ies'} about {e.run.model}"
        )
    return GateResult(
        "diary",
        "open",
        f"no entry about {e.run.model} yet",
        "press e in watch, or write one into output/dev_diary.md",
    )


def struggles_complete(e: Evidence) -> GateResult:
    """All four sections of each of the model's entries are written."""
    entries = diary.entries_for_model(e.notebook, e.run.model)
    if not entries:
        return GateResult("struggles", "not-applicable", "no struggle is on record")
    for entry in entries:
        problems = diary.complete(entry)
        if problems:
            return GateResult(
                "struggles",
                "open",
                "; ".join(problem.text for problem in problems),
                "write it: press e in watch, or edit output/dev_diary.md",
            )
    return GateResult("struggles", "passed", "every entry has its four sections")


GATES: dict[str, tuple[Gate, ...]] = {
    "quick": (exited_well, no_incident, results_good, columns_known),
    "full": (
        exited_well,
        no_incident,
        within_window,
        results_good,
        history_saved,
        model_saved,
        log_complete,
        converged,
        diary_written,
        struggles_complete,
    ),
}
"""The checklist of each phase, in the order it is shown."""


def evaluate(run: RunFolder, state: RunState, plan: WatchPlan, diary_path: Path) -> tuple[GateResult, ...]:
    """The checklist of a run as its folder and the diary stand now."""
    evidence = Evidence(run, state, plan, _notebook(diary_path), history_of_run(run))
    results = (_unless_skipped(gate(evidence), plan) for gate in GATES[run.phase])
    # The quick phase only looks whether convergence can be judged: where it can, there is nothing to show.
    full = run.phase == "full"
    return tuple(r for r in results if full or r.name != "converged" or r.state != "not-applicable")


def failures(results: Sequence[GateResult]) -> list[GateResult]:
    """The gates that failed; open ones wait for a person and fail nothing."""
    return [result for result in results if result.state == "failed"]


def open_gates(results: Sequence[GateResult]) -> list[GateResult]:
    """The gates that wait for a person."""
    return [result for result in results if result.state == "open"]


def _unless_skipped(result: GateResult, plan: WatchPlan) -> GateResult:
    reason = plan.skipped_gates.get(result.name)
    if reason is None or result.state in ("passed", "not-applicable"):
        return result
    return GateResult(result.name, "skipped", f"{result.sentence}; skipped: {reason}")


def _notebook(path: Path) -> diary.Diary:
    try:
        return diary.read(path)
    except OSError:
        return diary.parse("")  # its gates stay open, and the run gets its end
