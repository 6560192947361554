"""What `split.json` says: the parts, the leakage checks, and whether the test part was opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trainer_tui.runs.text import clean
from trainer_tui.runs.trainings.data_sheet import Found, findings_of
from trainer_tui.runs.trainings.plainly import count, number, rows, table, text, texts

Standing = Literal["passed", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class CheckSheet:
    """One leakage check and what it found."""

    name: str
    about: str
    standing: Standing
    findings: tuple[Found, ...] = ()
    accepted: str = ""
    """Why a person accepts what it found."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a part was evaluated."""

    state: str
    """unopened, opened, refused or locked."""
    by: str = ""
    at: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class SplitSheet:
    """The split of a training."""

    split_id: str
    strategy: str
    seed: str
    group: str
    time: str
    gap: str
    rows: int
    parts: tuple[tuple[str, int], ...]
    """(part, rows)."""
    left_out: int
    """Rows in no part."""
    reused: bool | None
    """Whether it was made by an earlier training; None: not told."""
    checks: tuple[CheckSheet, ...]
    test: Opening
    holdout: Opening


def split_of(document: Mapping[str, Any]) -> SplitSheet:
    """The sheet in `split.json`."""
    parts = tuple((clean(str(k), 20), count(v)) for k, v in table(document.get("counts")).items())
    reused = document.get("reused")
    seed = number(document.get("seed"))
    return SplitSheet(
        text(document.get("split_id"), 64),
        text(document.get("strategy"), 30),
        f"{seed:.0f}" if seed is not None else "",
        text(document.get("group"), 60),
        text(document.get("time"), 60),
        text(document.get("gap"), 30),
        count(document.get("rows")) or sum(n for _, n in parts),
        parts,
        count(document.get("left_out")),
        reused if isinstance(reused, bool) else None,
        checks_of(document),
        _opening(document.get("test"), "unopened"),
        _opening(document.get("holdout"), "locked"),
    )


def checks_of(document: Mapping[str, Any]) -> tuple[CheckSheet, ...]:
    """Every check with its findings; findings of no check in the list get one of their own."""
    findings = findings_of(document.get("findings"))
    accepted = {str(k): text(v) for k, v in table(document.get("accepted")).items()}
    listed: list[tuple[tuple[str, ...], str]] = [
        (names, text(said.get("about"), 200))
        for each in rows(document.get("checks"))
        if (names := texts((said := table(each)).get("names"), 60))
    ]
    known = {name for names, _ in listed for name in names}
    own = dict.fromkeys(found.check for found in findings if found.check not in known)
    return tuple(
        _check(names, about, tuple(f for f in findings if f.check in names), accepted)
        for names, about in [*listed, *(((name,), "") for name in own)]
    )


def _check(
    names: tuple[str, ...], about: str, findings: tuple[Found, ...], accepted: Mapping[str, str]
) -> CheckSheet:
    reason = next((accepted[f.check] for f in findings if accepted.get(f.check)), "")
    severities = {f.severity for f in findings if not (f.severity == "critical" and accepted.get(f.check))}
    standing: Standing = "passed"
    if "critical" in severities:
        standing = "failed"
    elif "warning" in severities or reason:
        standing = "warning"
    shown = findings[0].check if findings else names[0]
    return CheckSheet(shown, about, standing, findings, reason)


def _opening(value: Any, otherwise: str) -> Opening:
    said = table(value)
    return Opening(
        text(said.get("state"), 20) or otherwise,
        text(said.get("by"), 100),
        text(said.get("at"), 40),
        text(said.get("sentence")),
    )
