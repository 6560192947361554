"""Targets: what people write (settings, the diary, words in an input line), and what a machine or a browser says."""
# ruff: noqa: E501 - tables of inputs read best in few long lines

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress

from fuzz_target import LARGE, SMALL, Target, chance_of, file_of, holds, scratch
from multidict import CIMultiDict

from trainer_tui.cli.archive import Item, faults_of, pack
from trainer_tui.cli.door import Door, name_of
from trainer_tui.cli.plans import name_of_command
from trainer_tui.cli.scan_rules import RulesError, rules_for
from trainer_tui.diary.advice import check
from trainer_tui.diary.checks import complete, entries_for_model, entries_for_run
from trainer_tui.diary.conflicts import conflicts_of, git_conflicts, marker_lines
from trainer_tui.diary.document import edited, encode, parse
from trainer_tui.diary.lines import closed, scan
from trainer_tui.diary.listing import find_entries, summary_of, tags_of
from trainer_tui.diary.merge import merge_entry, same
from trainer_tui.diary.saving import save_into
from trainer_tui.diary.search_log import SearchLogError, log_search
from trainer_tui.diary.sections import ranges
from trainer_tui.diary.studies import StudyError, from_csv
from trainer_tui.failures.scene import Scene, job_over
from trainer_tui.runs.catalog.labels import split_tags
from trainer_tui.runs.catalog.shortlist import next_order, parse_filter
from trainer_tui.runs.conditions import parse_condition, parse_range
from trainer_tui.runs.history import History
from trainer_tui.runs.script_settings import read_settings
from trainer_tui.settings import SettingsError, flags_of, load_settings
from trainer_tui.settings.positions import line_of
from trainer_tui.supervise import cgroup
from trainer_tui.supervise.doing import kernel, pyspy
from trainer_tui.supervise.doing.source import _held_at
from trainer_tui.supervise.notebook.constants import constants, with_values
from trainer_tui.tui.diary.buffer import changes, shown, typed
from trainer_tui.tui.diary.outside import OutsideError, editor_command
from trainer_tui.tui.diary.rows import row_of, wanted
from trainer_tui.tui.tables.goto import row_for
from trainer_tui.tui.themes import theme_for, theme_setting

TOML = b"""[project]
models = "models"
[quick]
data_fraction = 0.15
max_minutes = 30
[notify]
on = ["failed"]
command = ["say", "{title}"]
[flags]
plateau = false
spike = { ratio = 8 }
[[rules]]
id = "mine"
pattern = "it broke: (a|b)+"
hypotheses = ["look"]
[models.model_3]
converged = "rhat < 1.05"
env = { A = "1" }
seed = 7
results = { medals = ">= 0", auc = "0 .. 1" }
[models.model_3.gates]
skip = { diary = "none needed" }
"""
ENTRY = """## Dev Diary Entry #3: NaN

<!-- trainer-tui: run model_3/007-full; incident log:10:traceback -->

**Date**: 2026-01-25 14:30
**Model**: model_3
**Run**: model_3/007-full
**Tags**: a, b

### The Struggle

**What Happened**: Incident `nan-loss` (error, confirmed): `loss is NaN`

```text
Traceback
```

### The Investigation

- one

### The Fix

### The Why (Physical Interpretation)

### Actionable Next Steps

**Status**: OPEN
"""
DIARY = ("# Diary\n\n" + ENTRY + "\n## Hyperparameter Search Log\n\n" + ENTRY.replace("#3", "#4")).encode()
STUDY = b"number,value,params_lr,params_n,state,user_attrs_note,run\n0,0.5,0.1,3,COMPLETE,x,model_3/1\n1,nan,0.01,4,FAIL,,\n2,0.4,1e-3,5,PRUNED,,\n3,0.3,a,6,,,\n"
SOURCE = b"""import os
LR = 0.1
def fit(epochs=80, *, n=[1, 2]):
    with lock, other.lock:
        lock.acquire()
        return SGD(lr=0.1, d={"a": 1}, s=os.environ.get("LR", "0.1"))
parser.add_argument("--lr", default=0.1)
"""
DUMP = json.dumps([{"os_thread_id": 5, "thread_name": "Main", "owns_gil": True,
                    "frames": [{"name": "f", "filename": "a.py", "line": 3}]}]).encode()  # fmt: skip
STAT = b"12 (a) b) S 1 12 12 0 -1 4194304 1 0 0 0 5 6 0 0 20 0 1 0 100 1 1 " + b"0 " * 30
CGROUP = b"12:memory:/a/b\n1:name=systemd:/\n0::/user.slice\n\x00oom 1\noom_kill 2\n\x00cache 5\ninactive_file 10\ntotal_inactive_file 3\n"


def _settings(data: bytes) -> None:
    root = file_of("settings/trainer.toml", data).parent
    try:
        settings = load_settings(root, {})
    except SettingsError as error:
        holds(
            bool(error.problems) and all(len(p) < 20_000 for p in error.problems), "a problem without words"
        )
        return
    finally:
        theme_setting(root, {})
    settings.for_model("model_3"), flags_of(settings, "model_3")
    holds(line_of(data.decode("utf-8-sig").replace("\r\n", "\n"), ("quick", "scale", 3)) != 0, "line 0")


def _rules(data: bytes) -> None:
    rules_for(str(file_of("rules.toml", data)))


def _environment(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape").replace("\0", "")
    pairs = dict(line.partition("=")[::2] for line in text.split("\n"))
    with suppress(SettingsError):
        load_settings(file_of("plain/trainer.toml", TOML).parent, pairs)
    try:
        read_settings(pairs)
    except ValueError as error:
        holds("must be" in str(error), f"no sentence: {error}")
    job_over(Scene(environment=pairs, ended_at=1_700_000_000.0))
    theme_for(pairs)
    with suppress(OutsideError):
        editor_command(pairs)


def _words(data: bytes) -> None:
    """What somebody types: conditions, filters, places, tags, numbers of entries."""
    for text in data.decode("utf-8", "surrogateescape").split("\n")[:8]:
        for parser in (parse_range, parse_condition):
            try:
                found = parser(text)
            except ValueError:
                continue
            holds(parser(str(found)) == found, f"{text!r} is {found}, which reads back as something else")
        parse_filter(text), next_order_of(text), split_tags(text), wanted(text), tags_of(text)
        find_entries(_KNOWN, text)
        row_for(_HISTORY, text)
        if text.split():
            name_of_command(text.split())


def next_order_of(text: str) -> object:
    """An order by a column that somebody names."""
    from trainer_tui.runs.catalog.shortlist import Order

    return next_order(Order(), text or None)


def _history() -> History:
    from array import array

    return History(
        {"epoch": array("d", [1.0, 2.0, float("nan"), 4.0]), "loss": array("d", [1.0] * 4)}, rows=4
    )


_KNOWN = parse(DIARY)
_HISTORY = _history()


def _diary(data: bytes) -> None:
    found = parse(data)
    holds(found.to_bytes() == data, "the diary is not what was parsed")
    text = found.text
    for entry in found.entries[:8]:
        holds(text[entry.start : entry.end] == entry.text, "an entry is somewhere else")
        spans = list(ranges(entry.text).values())
        holds("".join(entry.text[a:b] for a, b in spans) == entry.text, "the sections are not the entry")
        summary_of(entry), row_of(entry), complete(entry), check(entry, {"model_3/007-full": "passed"})
    holds("".join(line.raw for line in scan(text)) == text, "the lines are not the text")
    holds(not parse(closed(text)).is_open, "what was closed is open")
    conflicts_of(text), git_conflicts(text), marker_lines(text)
    entries_for_run(found, "model_3/007-full"), entries_for_model(found, "model_3")
    chance = chance_of(data)
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.randrange(40))
    new = chance.choice(("", "x", "\n## Dev Diary Entry #9\n", "```\n", "<!--", "\r", "\n"))
    after = edited(found, start, end, new)
    holds(after == parse(text[:start] + new + text[end:]), "an edit is not what parsing again gives")
    find_entries(found, "model_3/7"), find_entries(found, "#3")


def _merged(data: bytes) -> None:
    """Three versions of an entry: no line that either added is lost."""
    mine = data.decode("utf-8", "surrogateescape")
    for base, ours, theirs in ((ENTRY, mine, ENTRY.replace("- one", "- two")), (ENTRY, ENTRY + "x\n", mine)):
        merged = merge_entry(base, ours, theirs)
        if merged is None:
            continue
        kept = {line.strip() for line in same(merged.text).split("\n")}
        known = {line.strip() for line in same(base).split("\n")}
        fresh = {line.strip() for text in (ours, theirs) for line in same(text).split("\n")} - known
        lost = [
            w
            for w in fresh - kept
            if not w.startswith(("**Status", "**Tags", "#", ">")) and f"> {w}" not in kept
        ]
        holds(not lost or "\r" in mine or "Status" in mine, f"lines were lost: {lost[:2]}")
    after, result = save_into(_KNOWN, 3, ENTRY, mine)
    holds(parse(encode(after.text)).text == after.text, "what is saved is not what is read")
    holds(result.outcome in ("saved", "unchanged", "merged", "conflict"), result.outcome)


def _typed(data: bytes) -> None:
    one, _, other = data.decode("utf-8", "surrogateescape").partition("\n---\n")
    holds(typed(one, shown(one)) == one, "a text that nobody touched has changed")
    rows = one
    for change in changes(one, other):
        rows = _replaced(rows, change.start, change.end, change.insert)
    holds(rows == other, "the changes do not lead to the new text")


def _replaced(text: str, start: tuple[int, int], end: tuple[int, int], new: str) -> str:
    lines = text.split("\n")
    at, to = (sum(len(line) + 1 for line in lines[:row]) + column for row, column in (start, end))
    return text[:at] + new + text[to:]


def _study(data: bytes) -> None:
    study = from_csv(file_of("study.csv", data), "a -- > b")
    after, _ = log_search(parse(DIARY), study, "model_3", {"model_3/1": 3})
    again, logged = log_search(after, study, "model_3", {"model_3/1": 3})
    holds(logged.outcome == "unchanged" and again.text == after.text, "written twice, it is another")


def _source(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for suffix in (".py", ".toml"):
        found = constants(text, suffix) or {}
        holds(
            with_values(
                text, [(c, c.text) for each in found.values() for c in each if "\n" not in c.text][:1]
            )
            is not None,
            "",
        )
    _held_at(text, 5, True)


def _cgroups(data: bytes) -> None:
    lines, events, stat = [*data.split(b"\0"), b"", b""][:3]
    root = scratch("cgroups")
    for name, content in (
        ("proc/self/cgroup", lines), ("sys/fs/cgroup/memory.events", events), ("sys/fs/cgroup/memory.stat", stat),
        ("sys/fs/cgroup/memory.max", events[:9]), ("sys/fs/cgroup/memory.current", b"5"),
    ):  # fmt: skip
        file_of(f"cgroups/{name}", content)
    used = cgroup.memory(root)
    holds(used.used >= 0 and used.total >= 0, f"{used}")
    counter = cgroup.OomCounter(root=root)
    counter.look()
    holds(counter.rise == 0, "a counter that rose by itself")


def _kernel(data: bytes) -> None:
    """`/proc` in whose place there is anything."""
    before = kernel._text
    kernel._text = lambda path: data.decode(errors="replace")
    try:
        kernel.process_now(os.getpid()), kernel.state_of(os.getpid()), kernel.tasks(os.getpid())
        kernel.syscall_now(1, 1), kernel.thread_name(1, 1)
    finally:
        kernel._text = before


def _bundle_seed() -> list[bytes]:
    out = io.BytesIO()
    pack(out, [Item("a.txt", b"hello"), Item("b.txt", b"x" * 300)], {"project": "demo"})
    odd = io.BytesIO()
    with zipfile.ZipFile(odd, "w") as archive:
        archive.writestr(
            "manifest.json", '{"format": 1, "files": [{"name": "a", "sha256": "x", "bytes": 1}]}'
        )
        archive.writestr("a", b"x")
    return [out.getvalue(), odd.getvalue()]


_DOOR = Door("secret", frozenset({"box.example"}), "0.0.0.0", True)


def _door(data: bytes) -> None:
    text = data.decode("latin-1")
    headers = CIMultiDict(line.partition(": ")[::2] for line in text.split("\n"))
    refusal = _DOOR.refusal(headers)
    holds(isinstance(refusal, str), "no answer")
    name = name_of(headers.get("Host", ""))
    if not refusal:
        holds(bool(name), "let in without a name")
    holds(not _DOOR.knows(text) or text == "secret", "a wrong token is taken")


def _pyspy(data: bytes) -> None:
    found = pyspy.read_dump(data.decode("utf-8", "replace"), "/cwd")
    holds(bool(found.threads) != bool(found.problem), "neither stacks nor a reason")


_WORDS = (
    b"< 1.05",
    b">= 0",
    b"0 .. 1",
    b"50%",
    b"#12",
    b"model:",
    b"-tag:",
    b'"',
    b"tag:a",
    b"\xc2\xb2",
    b"model_3/7",
    b"..",
)
_TOML_WORDS = (
    b"[[rules]]",
    b"[a.b]",
    b"[[a]]",
    b'"""',
    b"'''",
    b"=",
    b"{",
    b"}",
    b"1979-05-27T07:32:00",
    b"0x1",
    b"\\u0000",
)
_MARKDOWN = (b"## Dev Diary Entry #5\n", b"```", b"~~~", b"<!--", b"-->", b"### The Fix\n", b"## x\n", b"<<<<<<< a\n", b"=======\n",
             b">>>>>>> b\n", b"**Status**: ", b"\r\n", b"<!-- search: a -->", b"    ", b"# x\n", b"---\n", "\u2028".encode())  # fmt: skip
_OUT: Callable[[bytes], object] = lambda data: faults_of(file_of("bundle.zip", data))  # noqa: E731

TARGETS = (
    Target("trainer.toml", lambda: [TOML], _settings, _TOML_WORDS, share=1, most=8 << 10),
    Target("trainer.toml-long", lambda: [TOML], _settings, _TOML_WORDS, share=0.02, most=LARGE, limit_s=3.0),
    Target("rules-file", lambda: [b'[[rules]]\nid = "a"\npattern = "x+"\n'], _rules, (*_TOML_WORDS, b"(a|b)*", b"(?i)", b"\\1"), (RulesError,), share=0.1),
    Target("environment", lambda: [b"TRAINER_TUI_QUICK__SCALE=0.5\nTRAINER_SEED=5\nRANK=0\nWORLD_SIZE=2\nSLURM_JOB_END_TIME=1700000000\nEDITOR=vi -u\nTRAINER_DATA_FRACTION=0.5\nTRAINER_PHASE=quick\nCOLORFGBG=15;0"], _environment, (b"TRAINER_TUI_MODELS__A__SEED=", b"TRAINER_SEED=", b"TRAINER_TUI_FLAGS__SPIKE="), share=1),
    Target("typed-words", lambda: [b"rhat < 1.05\n>= 0\n0 .. 1\nval_loss <= 2e-1", b"model:model_3 -tag:old \"out of memory\"\n#3\nmodel_3/7\n50%\n120", b"python -m a.b train.py\n-5 .. +5\ness 400 .. 1e5"], _words, _WORDS, share=2, most=SMALL),
    Target("diary", lambda: [DIARY, ENTRY.encode()], _diary, _MARKDOWN, share=2, most=16 << 10),
    Target("diary-merge", lambda: [ENTRY.encode()], _merged, _MARKDOWN, share=0.5, most=8 << 10),
    Target("diary-editor", lambda: [ENTRY.encode() + b"\n---\n" + ENTRY.replace("one", "two").encode(), b"a\x0bb\xe2\x80\xa8c\n---\na\nb"], _typed, _MARKDOWN, share=1),
    Target("search-csv", lambda: [STUDY], _study, (b"value", b"number", b"params_x", b'"', b"nan"), (StudyError, SearchLogError), share=0.5),
    Target("python-source", lambda: [SOURCE], _source, (b"(", b"[", b"-" * 90, b"lambda: ", b"f'{", b"with a:\n"), share=0.5),
    Target("cgroup", lambda: [CGROUP], _cgroups, (b"memory", b":", b"max", b"oom_kill "), share=0.2),
    Target("proc", lambda: [STAT, b"202 0x7f 0x80 0 0 0 0 0x1 0x2\n", b"TracerPid:\t0\n"], _kernel, (b")", b"("), share=0.5),
    Target("py-spy", lambda: [DUMP], _pyspy, (b'"line"', b'"frames"', b"null"), share=1, most=LARGE),
    Target("bundle", _bundle_seed, _OUT, (b"PK\x03\x04", b"PK\x01\x02", b"manifest.json"), (OSError,), share=1),
    Target("door", lambda: [b"Host: box.example:80\nOrigin: http://box.example:80\nSec-Fetch-Site: cross-site", b"Host: [::1]:80\nCookie: a=b"], _door, (b"Host: ", b"Origin: ", b"[", b"]", b"@", b"localhost", b"127.0.0.1", b"\xff"), share=2),
)  # fmt: skip
