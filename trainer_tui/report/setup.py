"""With what a watch was made: the command, the machine, the settings, what changed in the files."""

from __future__ import annotations

import json
import shlex
from dataclasses import MISSING, fields
from typing import Any

from trainer_tui.report.blocks import Block, Facts, Listing, Text
from trainer_tui.report.facts import WatchFacts
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.runs.secrets import masked_command, masked_values
from trainer_tui.runs.text import clean, clean_lines
from trainer_tui.runs.units import bytes_text, counted

_SAID_ELSEWHERE = frozenset(
    {"model", "command", "cwd", "root", "sources", "index_url", "env", "seed", "phases"}
)
_SECONDS = frozenset({"quick_limit_s", "full_limit_s", "min_s", "max_s", "grace_s", "restart_backoff_s"})
_MOST_PATCH_LINES = 400


def setup(watch: WatchFacts) -> list[Block]:
    """Command, machine, settings."""
    run = watch.newest
    request = run.request
    if request is None:
        return [Text(f"{clean(run.run.name)}: its run.json is missing or cannot be read", "warning")]
    return [
        Facts(tuple(_command(request)), code=True),
        Facts(tuple(_machine(request))),
        *_settings(request.plan),
    ]


def changes(watch: WatchFacts) -> list[Block]:
    """What is not as it was in the last good run."""
    if watch.good is None:
        return []
    name = clean(watch.good.name)
    if not watch.changes and not watch.changes_left_out:
        return [Text(f"Nothing: the sources are those of {name}, the last run of this phase that passed.")]
    lines = watch.changes.split("\n")
    blocks: list[Block] = [Text(f"Against {name}, the last run of this phase that passed before this watch.")]
    if watch.changes:
        blocks.append(Listing(clean_lines("\n".join(lines[:_MOST_PATCH_LINES])), "diff"))
    if len(lines) > _MOST_PATCH_LINES:
        more = counted(len(lines) - _MOST_PATCH_LINES, "more line is", "more lines are")
        blocks.append(Text(f"{more} left out.", "dim"))
    return [*blocks, *(Text(why, "dim") for why in watch.changes_left_out)]


def _command(request: RunRequest) -> list[tuple[str, str]]:
    rows = [
        ("command", clean(shlex.join(masked_command(request.command)), 2000)),
        ("in", clean(request.cwd, 400)),
    ]
    shown = masked_values({**request.plan.env, **request.env})
    return rows + [(clean(name, 80), clean(value, 400)) for name, value in shown.items()]


def _machine(request: RunRequest) -> list[tuple[str, str]]:
    commit = request.git.get("commit")
    dirty = " and changes that are not committed" if request.git.get("dirty") else ""
    rows = (
        ("host", request.host),
        ("user", request.user),
        ("Python", request.python),
        ("commit", f"{commit}{dirty}" if commit else ""),
        ("sources", request.source_digest[:16]),
        ("seed", str(request.plan.seed)),
    )
    return [(name, clean(value, 200)) for name, value in rows if value]


def _settings(plan: WatchPlan) -> list[Block]:
    """The settings that are not the usual ones."""
    rows = []
    for field in fields(WatchPlan):
        value = getattr(plan, field.name)
        usual = field.default_factory() if field.default_factory is not MISSING else field.default
        if field.name not in _SAID_ELSEWHERE and value != usual:
            rows.append(
                (
                    field.name.removesuffix("_s").removesuffix("_bytes").replace("_", " "),
                    _told(field.name, value),
                )
            )
    if not rows:
        return [Text("Every setting is the usual one.", "dim")]
    return [Text("Settings that are not the usual ones:", "dim"), Facts(tuple(rows))]


def _told(name: str, value: Any) -> str:
    if name in _SECONDS and isinstance(value, int | float):
        return duration_text(float(value))
    if name.endswith("_bytes") and isinstance(value, int | float):
        return bytes_text(float(value))
    if isinstance(value, dict):
        return clean("; ".join(f"{key}: {_plain(inner)}" for key, inner in value.items()), 600)
    return clean(_plain(value), 600)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False, default=str)
