"""Targets: the documents of a run folder, one broken while the others are sound, and all that reads them."""
# ruff: noqa: E501 - tables of inputs read best in few long lines

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fuzz_files import OWN
from fuzz_target import LARGE, SMALL, Target, file_of, holds, pieces, scratch

from trainer_tui.cli.bundle import hide
from trainer_tui.cli.printing import event_line, gate_line, run_title, state_words
from trainer_tui.cli.records import state_record
from trainer_tui.failures import classify_exit
from trainer_tui.report import FORMATS, collect, page_of
from trainer_tui.runs.catalog.cache import CatalogCache
from trainer_tui.runs.catalog.compare import compare
from trainer_tui.runs.catalog.labels import read_labels
from trainer_tui.runs.catalog.shortlist import SORT_COLUMNS, Order, Shortlist
from trainer_tui.runs.catalog.summary import RunSummary, named, of_state, with_curve, with_facts
from trainer_tui.runs.catalog.trash import list_trash
from trainer_tui.runs.control import ControlReader
from trainer_tui.runs.events import EventLog, EventReader, read_events
from trainer_tui.runs.files import read_json
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.occasions import occasions
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.runs.process import life_of
from trainer_tui.runs.state import RunState, first_state, fold, observe
from trainer_tui.runs.verdict import GateResult
from trainer_tui.supervise import surroundings
from trainer_tui.tui.drafts import Drafts
from trainer_tui.tui.headlines import failure_line
from trainer_tui.tui.remember import _read as remembered_document

NOW = "2026-01-25T15:00:00.000Z"
INCIDENT = {
    "id": "log:10:traceback", "severity": "error", "kind": "exception", "message": "ValueError: bad",
    "fate": "confirmed", "source": "log", "rule": "traceback", "line": 3, "offset": 10, "excerpt": "Traceback\n x",
    "frames": ["a.py:1 in f"], "hypotheses": ["look"], "facts": {"column": "loss", "row": 3},
}  # fmt: skip
EVENTS = (
    {"kind": "supervisor", "pid": 10, "host": "gpu01", "resumed": False},
    {"kind": "launched", "shim_pid": 11},
    {"kind": "started", "pid": 12, "at": "2026-01-25T14:00:05.000Z"},
    {"kind": "history", "source": "metrics.csv", "format": "lightning", "others": 0},
    {"kind": "cursor", "log_offset": 10, "line": 2, "generation": 0, "history_rows": 1},
    {"kind": "blind", "source": "gpu", "why": "lost"},
    {"kind": "sighted", "source": "gpu"},
    {"kind": "paused", "why": "asked"},
    {"kind": "continued", "paused_s": 1.5},
    {"kind": "control", "id": "1-a", "request": "note", "outcome": "noted", "by": "ada@gpu01"},
    {"kind": "note", "text": "hello", "by": "ada@gpu01"},
    {"kind": "incident", "incident": INCIDENT},
    {"kind": "diary", "entry": 3, "incident": "log:10:traceback"},
    {"kind": "tried", "entry": 3, "stage": "test"},
    {"kind": "forecast", "seconds_low": 1.0, "seconds_high": 2.0, "memory_low": 1.0, "memory_high": None,
     "basis": "quick", "text": "1 s", "warning": ""},
    {"kind": "stopping", "why": "asked", "reason": "stopped-by-user"},
    {"kind": "left-behind", "processes": [{"pid": 5, "command": "x"}], "ended": True},
    {"kind": "exited", "code": 1, "signal": None, "duration_s": 12.5, "max_rss_bytes": 1000, "ended": NOW},
    {"kind": "gates", "results": [GateResult("exit", "failed", "code 1", "look").to_dict()]},
    {"kind": "phase-skipped", "phase": "quick", "why": "small"},
    {"kind": "restart", "attempt": 2, "again": True, "why": "asked", "by_user": False},
    {"kind": "ended", "reason": "exception", "sentence": "ValueError: bad", "unread": ""},
)  # fmt: skip
EXIT = {
    "code": None, "signal": 9, "started": "2026-01-25T14:00:05.000Z", "ended": NOW, "duration_s": 12.5,
    "max_rss_bytes": 1 << 30, "user_s": 10.0, "sys_s": 1.0, "oom_kills": 1, "limits": {"cpu": [10, 20], "as": [None, None]},
    "memory_events": [{"oom": 1, "failcnt": 0, "limit": 1 << 30}], "memory_limit_bytes": 1 << 30,
}  # fmt: skip


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


@cache
def _asked() -> bytes:
    plan = WatchPlan(
        model="model_3", command=("python", "m.py", "--lr", "0.1"), cwd=".", root=".", env={"API_KEY": "abcdefgh1"},
        rules=({"id": "x", "pattern": "y"},), ranges={"medals": ">= 0"}, converged="rhat < 1.05",
    )  # fmt: skip
    request = RunRequest(
        model="model_3", number=7, phase="full", watch=7, plan=plan, command=plan.command, cwd=".", env={"A": "1"},
        log="../../../logs/model_3/007-full.log", created="2026-01-25T14:00:00.000Z", host="gpu01", user="ada",
        git={"commit": "abc", "dirty": False, "branch": "main"}, python="3.12.1",
    )  # fmt: skip
    return _dumped(request.to_dict())


def _stream_of(records: tuple[dict[str, Any], ...]) -> bytes:
    return b"".join(_dumped({"time": NOW, **record}) + b"\n" for record in records)


SOUND: dict[str, Callable[[], bytes]] = {
    "run.json": _asked,
    "events.jsonl": lambda: _stream_of(EVENTS),
    "exit.json": lambda: _dumped(EXIT),
    "process.json": lambda: _dumped(
        {"pid": 12, "start_time": 100, "boot_id": "x", "host": "gpu01", "started": NOW, "began": 5.0}
    ),
    "progress.json": lambda: _dumped(
        {"done": 3, "total": 10, "step_name": "epoch", "time": NOW, "expect_s": 60}
    ),
    "tags.json": lambda: _dumped({"tags": ["good", "a b,c"], "note": "fine"}),
    "translation.json": lambda: _dumped({"source": "metrics.csv", "format": "lightning"}),
    "environment.json": lambda: _dumped(
        {"PATH": "/bin", "SLURM_JOB_ID": "12", "SLURM_JOB_END_TIME": "1700000000"}
    ),
    "control.jsonl": lambda: _stream_of(
        (
            {"id": "1-a", "request": "note", "user": "ada", "host": "gpu01", "text": "x"},
            {"id": "2", "request": "stop"},
        )
    ),
    "training_history.csv": lambda: OWN[0],
    "telemetry.csv": lambda: b"time,elapsed_s,ram_used,ram_total,job_rss\n1700000000,1,5,10,3\n",
    "results.csv": lambda: b"medals\n3\n",
}
"""The files of a sound run."""


def _folder() -> RunFolder:
    return RunFolder(scratch("project/output/model_3/007-full"))


def _with(name: str, data: bytes, rest: tuple[str, ...] = tuple(SOUND)) -> RunFolder:
    """The run with one file that holds these bytes, and the others sound."""
    run = _folder()
    run.path.mkdir(parents=True, exist_ok=True)
    for other in rest:
        if other != name and not (run.path / other).exists():
            (run.path / other).write_bytes(SOUND[other]())
    (run.path / name).write_bytes(data)
    return run


def _state_is_borne(state: RunState) -> None:
    """What every view does with a state."""
    repr((state.tone, state.exit_code, state.alive, state.passed))
    state_words(state), run_title(state)
    _printed(state_record(state))
    if state.failure is not None:
        failure_line(state.failure, 3)
    for gate in state.gates:
        gate_line(gate)
    summary = of_state(RunSummary("model_3", "007-full", 7, "full"), state)
    for column in SORT_COLUMNS:
        Shortlist().of([summary, summary], "status:failed x", Order(column.name))
    hash(summary.reason), summary.tone


def _printed(document: Any) -> None:
    from trainer_tui.cli.printing import _json

    json.loads(_json(document))


def _events(data: bytes) -> None:
    run = _with("events.jsonl", data)
    events = read_events(run.events)
    reader = EventReader(run.events)
    torn = []
    run.events.write_bytes(b"")
    for piece in pieces(data):
        with run.events.open("ab") as file:
            file.write(piece)
        torn += reader.poll()
    holds(repr(events) == repr(torn), "other pieces, other events")
    state = before = first_state(run, run.request())
    for event in events:
        event_line(event)
        state = fold(state, event)
    _state_is_borne(state)
    occasions(before, state)
    _state_is_borne(observe(run))
    path = file_of("again.jsonl", b"")
    log = EventLog(path)
    for event in events[:3]:
        log.append("note", text=event)
    holds(len(read_events(path)) == len(events[:3]), "what was written is not read back")


def _document(name: str) -> Callable[[bytes], None]:
    def call(data: bytes) -> None:
        run = _with(name, data)
        if name == "process.json":
            (run.path / "exit.json").unlink(missing_ok=True)
        try:
            _looked_at(run)
        finally:
            (run.path / name).unlink()

    return call


def _looked_at(run: RunFolder) -> None:
    """What views do with a run that they meet."""
    request = run.request()
    if request is not None:
        WatchPlan.from_dict(request.plan.to_dict()), str(request.name)
    life_of(run)
    state = observe(run)
    _state_is_borne(state)
    follower = RunFollower(run, log_lines=10)
    try:
        follower.poll_state()
        follower.poll_history()
        follower.poll_state()
        follower.poll_telemetry()
        follower.poll_log()
        _state_is_borne(follower.state)
        if follower.progress is not None:
            fraction = follower.progress.fraction
            holds(fraction is None or math.isfinite(fraction), f"a fraction of {fraction}")
    finally:
        follower.close()
    summary, _ = with_facts(named(run), run)
    with_curve(summary, run)
    surroundings.recorded(run), surroundings.of_job(run), read_labels(run)
    ModelFolder(run.path.parent, scratch("project/logs/model_3")).watch_runs(7)
    hide("run.json", run.run_json.read_bytes() if run.run_json.exists() else b"", frozenset({"abcdefgh1"}))


def _reported(name: str) -> Callable[[bytes], None]:
    def call(data: bytes) -> None:
        run = _with(name, data)
        model = ModelFolder(run.path.parent, scratch("project/logs/model_3"))
        page = page_of(collect(model, run, "demo", scratch("project/output/dev_diary.md"), NOW))
        html = FORMATS["html"](page)
        holds("\x1b" not in html and "<script>alert" not in html, "the page holds what a run wrote as it is")
        FORMATS["md"](page).encode()
        compare(run, run)

    return call


def _exit(data: bytes) -> None:
    path = file_of("exit.json", data)
    document = read_json(path)
    if document is not None:
        from trainer_tui.runs.exit_document import as_exit

        incident = classify_exit(as_exit(document), memory_limit_bytes=1 << 30)
        holds(incident is None or isinstance(incident.message, str), "a message that is no text")


def _control(data: bytes) -> None:
    path = file_of("control.jsonl", b"")
    reader, torn = ControlReader(path, {"2"}), []
    for piece in pieces(data):
        with path.open("ab") as file:
            file.write(piece)
        torn += reader.poll()
    whole = ControlReader(path, {"2"}).poll()
    holds(repr(whole) == repr(torn), "other pieces, other requests")


def _catalog(data: bytes) -> None:
    file_of("catalog/.runs.jsonl", data)
    for _, summary in CatalogCache(scratch("catalog")).load().values():
        hash(summary), summary.tone, summary.word
        for column in SORT_COLUMNS:
            column.of(summary)


def _catalog_seed() -> list[bytes]:
    summary = RunSummary("model_3", "007-full", 7, "full", 2, 5, status="ended", reason="passed", tags=("a",))
    folder = scratch("catalog-seed")
    folder.mkdir(exist_ok=True)
    cache_file = CatalogCache(folder)
    cache_file.path.unlink(missing_ok=True)
    cache_file.add([((1, 2, 3, 4), summary), ((1, 2, 3, 5), summary)])
    return [cache_file.path.read_bytes()]


def _small(data: bytes) -> None:
    """Documents that cost nothing when they are lost: drafts, what is remembered, the trash."""
    file_of("state/trainer-tui/screen.json", data)
    for value in remembered_document().values():
        repr(value)[:10]
    folder = Path(Drafts(scratch("out/dev_diary.md")).folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "entry-3-1.json").write_bytes(data)
    Drafts(scratch("out/dev_diary.md")).abandoned(3)
    file_of("out/.trash/model_3/007-full/run.json", data)
    list_trash(scratch("out"))


_KINDS = tuple(f'"{event["kind"]}"'.encode() for event in EVENTS)
_KEYS = (
    *_KINDS,
    b'"time"',
    b'"kind"',
    b'"incident"',
    b'"id"',
    b'"reason"',
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"\\ud800",
)

TARGETS = (
    Target("events.jsonl", lambda: [SOUND["events.jsonl"]()], _events, _KEYS, share=3, most=16 << 10),
    *(
        Target(name, lambda name=name: [SOUND[name]()], _document(name), _KEYS, share=1, most=SMALL)
        for name in ("run.json", "exit.json", "process.json", "progress.json", "tags.json", "environment.json")
    ),
    Target("run.json-deep", lambda: [_asked()], _document("run.json"), _KEYS, share=0.2, most=LARGE),
    *(
        Target(f"report-{name}", lambda name=name: [SOUND[name]()], _reported(name), _KEYS, share=0.1, most=16 << 10)
        for name in ("run.json", "events.jsonl", "exit.json", "training_history.csv", "telemetry.csv", "results.csv")
    ),
    Target("exit-status", lambda: [SOUND["exit.json"](), b'{"code": 137}'], _exit, _KEYS, share=2),
    Target("control.jsonl", lambda: [SOUND["control.jsonl"]()], _control, _KEYS, share=2, most=16 << 10),
    Target(".runs.jsonl", _catalog_seed, _catalog, (b"[", b"]", b",", b"null"), share=2, most=16 << 10),
    Target("small-documents", lambda: [_dumped({"theme": "dark", "number": 3, "base": "a", "text": "b", "time": NOW,
           "writer": {"pid": 1, "start_time": 2, "boot_id": "x", "host": "h"}})], _small, _KEYS, share=1),
)  # fmt: skip
