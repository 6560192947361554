"""Whether a quick run that passed speaks for what would be run now: then the full one may come at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.runs.state import observe
from trainer_tui.supervise import surroundings
from trainer_tui.supervise.git import git_state
from trainer_tui.supervise.sources import digest_of, keep_sources

_OF_THE_TERMINAL = re.compile(
    r"_$|(OLD)?PWD$|SHLVL$|COLUMNS$|LINES$|TERM|COLORTERM|NO_COLOR|DISPLAY$|WAYLAND|WINDOWID$|SSH_|TMUX|STY$"
    r"|XDG_|DBUS_|LS_COLORS$|LESS|PAGER$|EDITOR$|VISUAL$|PS1$|HIST|PROMPT|VTE_|KITTY|ITERM|WEZTERM|GNOME_|KDE_"
    r"|LC_|LANG|TRAINER_|INVOCATION_ID$|JOURNAL_STREAM$|SLURM_|PBS_|LSB_"
)
"""Variables of where somebody sits, which change from login to login and say nothing about the training."""


def quick_that_holds(model: ModelFolder, plan: WatchPlan) -> tuple[RunRequest | None, str]:
    """The newest quick run if it passed with what would be run now; else None, and what differs.

    Compared are sources (with what they import from the project), settings, commit and environment. What
    else a script reads (its data, installed packages) nobody here can compare.
    """
    quick = next((run for run in model.newest_first() if run.phase == "quick" and run.request()), None)
    request = quick.request() if quick is not None else None
    if quick is None or request is None:
        return None, "it has no quick run yet"
    if not observe(quick).passed:
        return None, f"{quick.name} did not pass"
    if not request.source_digest or request.source_digest != _digest_now(plan):
        return None, f"its sources have changed since {quick.name}"
    if _settings(request.plan) != _settings(plan):
        return None, f"its settings have changed since {quick.name}"
    commit = git_state(Path(plan.root)).get("commit")
    if commit != request.git.get("commit"):
        return None, f"another commit is checked out than for {quick.name}"
    changed = changed_variables(surroundings.recorded(quick), surroundings.ours())
    if changed:
        return None, f"the environment has changed since {quick.name}: {', '.join(changed[:3])}"
    return request, ""


def without_quick(plan: WatchPlan, quick: RunRequest) -> WatchPlan:
    """The plan that starts with the full phase, with the reason written down."""
    why = f"{quick.name} passed with the same sources, settings and environment"
    return replace(plan, phases=("full",), skip_quick_reason=why)


def _digest_now(plan: WatchPlan) -> str:
    with TemporaryDirectory(prefix="trainer-tui-") as folder:
        keep_sources(plan, Path(folder))
        return digest_of(Path(folder))


def _settings(plan: WatchPlan) -> WatchPlan:
    """The plan without what a skipped quick phase changes in it."""
    return replace(plan, phases=("quick", "full"), skip_quick_reason="")


def changed_variables(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the variables that differ, without those of where somebody sits."""
    names = sorted({*before, *now})
    return [n for n in names if before.get(n) != now.get(n) and not _OF_THE_TERMINAL.match(n)]
