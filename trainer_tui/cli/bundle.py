"""`export --bundle`: everything that somebody needs who goes on with the work, in one archive."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer_tui.cli.archive import Item, Packed, faults_of, pack
from trainer_tui.cli.masked_stream import masked_pieces
from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import complain, print_json, say
from trainer_tui.project import ProjectError
from trainer_tui.report.masking import masked
from trainer_tui.runs.files import NOT_JSON, parsed
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import PRIVATE_MODE, create_new, open_plain, read_plain, temporary_beside
from trainer_tui.runs.secrets import masked_document, secrets_of
from trainer_tui.runs.state import observe
from trainer_tui.runs.units import bytes_text, counted
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED

_WHOLE = ("training_history.csv", "results.csv", "telemetry.csv", "translation.json", "tags.json")
"""Files of a run that go in as they are."""

_MASKED = ("run.json", "environment.json", "events.jsonl", "exit.json", "control.jsonl")
"""Files that may hold variables and commands: secrets in them are hidden."""


def export(models: list[str], bundle: str, verify: str, as_json: bool) -> int:
    """Write an archive of the diary and of the runs of some models (of all without any), or verify one."""
    if bool(bundle) == bool(verify):
        raise ProjectError(
            "what is to be done?", "--bundle FILE.zip writes, --verify FILE.zip checks an archive"
        )
    if verify:
        return _verify(Path(verify).expanduser(), as_json)
    place = open_site()
    folders = [place.existing(model) for model in models] or [
        place.folder(name) for name in place.known_models()
    ]
    runs = [run for folder in folders for run in folder.runs() if run.request() is not None]
    target = Path(bundle).expanduser()
    if not target.parent.is_dir():
        raise ProjectError(f"there is no folder {target.parent}", "make it, or name another file")
    about = {"project": place.project.root.name, "runs": [run.name for run in runs]}
    packed = _write(target, [*_diary(place, runs), *(item for run in runs for item in items_of(run))], about)
    if as_json:
        print_json({"file": str(target), "runs": about["runs"], "files": [each.name for each in packed]})
        return EXIT_PASSED
    size = bytes_text(target.stat().st_size)
    hidden = sum(each.masked for each in packed)
    say(f"{target}: {counted(len(runs), 'run', 'runs')}, {counted(len(packed), 'file', 'files')}, {size}")
    told = counted(hidden, "document", "documents")
    complain(f"what looks like a secret is hidden in it: in {told}, and in logs and diary")
    return EXIT_PASSED


def _write(target: Path, items: list[Item], about: dict[str, Any]) -> list[Packed]:
    """Beside the target first: who has the old archive keeps it until the new one is whole."""
    beside = temporary_beside(target)
    try:
        with os.fdopen(create_new(beside, PRIVATE_MODE), "wb") as file:
            packed = pack(file, items, about)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return packed


def _diary(place: Site, runs: list[RunFolder]) -> list[Item]:
    path = place.project.diary
    known = frozenset[str]().union(*map(_secrets, runs))
    return [_told(path.name, path, known)] if _is_ours(path) else []


def _is_ours(path: Path) -> bool:
    """Whether a file can go in: a plain one that lies where its name says."""
    try:
        os.close(open_plain(path, within=path.parent))
    except FileNotFoundError:
        return False
    except OSError as error:
        complain(f"left out: {path}: {error.strerror}")
        return False
    return True


def _told(name: str, path: Path, known: frozenset[str]) -> Item:
    return Item(name, path, change=lambda file, size: masked_pieces(file, size, known))


def items_of(run: RunFolder) -> Iterator[Item]:
    """What of a run goes into an archive: its log, tables and documents, its gates as they were judged."""
    secrets = _secrets(run)
    log = run.log()
    if _is_ours(log):
        yield _told(f"logs/{run.name}.log", log, secrets)
    for name in _WHOLE:
        if _is_ours(run.path / name):
            yield Item(f"runs/{run.name}/{name}", run.path / name)
    for name in _MASKED:
        path = run.path / name
        if _is_ours(path):
            data = read_plain(path, within=run.path)
            hidden = hide(name, data, secrets)
            yield Item(f"runs/{run.name}/{name}", hidden, hidden != data)
    state = observe(run)
    verdict = {
        "run": run.name,
        "reason": state.reason,
        "sentence": masked(state.sentence, secrets),
        "gates": [gate.to_dict() for gate in state.gates],
        "diary": [number for number, _ in state.diary],
    }
    text = masked(json.dumps(verdict, indent=2, ensure_ascii=False), secrets)
    yield Item(f"runs/{run.name}/gates.json", text.encode("utf-8", "replace") + b"\n")


def _secrets(run: RunFolder) -> frozenset[str]:
    request = run.request()
    if request is None:
        return frozenset()
    return secrets_of({**request.plan.env, **request.env}, request.command) | secrets_of(
        {}, request.plan.command
    )


def hide(name: str, data: bytes, secrets: frozenset[str]) -> bytes:
    """A file of a run with its secrets hidden; the very same bytes where there are none."""
    text = data.decode("utf-8", "surrogateescape")
    if name.endswith(".json"):
        try:
            document = parsed(data)
        except NOT_JSON:
            document = None
        told = masked_document(document, secrets, "env" if name == "environment.json" else "")
        if told != document:
            text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return masked(text, secrets).encode("utf-8", "surrogateescape")


def _verify(path: Path, as_json: bool) -> int:
    found = faults_of(path)
    if as_json:
        print_json({"file": str(path), "whole": not found, "faults": found})
    else:
        for fault in found:
            say(f"✘ {fault}")
        if not found:
            say(f"✔ {path} is what was packed")
    return EXIT_FAILED if found else EXIT_PASSED
