"""From a name or a command, and the settings, to the plan of a watch."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from trainer_tui.bounds import refusal, way_out
from trainer_tui.cli.living import newest_asked
from trainer_tui.cli.own_rules import rules_of
from trainer_tui.cli.places import has_runs, model_folder, model_name
from trainer_tui.project import Project, ProjectError
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import PHASES, Phase, WatchPlan
from trainer_tui.runs.text import masked
from trainer_tui.settings import (
    ModelSettings,
    Settings,
    flags_of,
    is_from_environment,
    open_project,
    place_of,
)

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Site:
    """A project with its settings."""

    project: Project
    settings: Settings

    def folder(self, model: str) -> ModelFolder:
        """Where the runs of a model are."""
        return model_folder(self.project, model)

    def known_models(self) -> list[str]:
        """Every model that has a file or a run."""
        ran = [p.name for p in self.project.output.glob("*") if p.is_dir() and ModelFolder(p, p).latest()]
        return sorted({*self.project.model_names(), *ran})

    def existing(self, model: str) -> ModelFolder:
        """The runs of a model, given its name or path, that has some.

        Raises ProjectError, naming the nearest, when it has none.
        """
        model = model_name(self.project, model)
        folder = self.folder(model)
        if newest_asked(folder) is not None:
            return folder
        if model in self.project.model_names():
            raise ProjectError(f"{model} has no run yet", f"`trainer-tui watch {model}` starts one")
        near = difflib.get_close_matches(model, self.known_models(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`trainer-tui runs` lists what there is"
        raise ProjectError(f"there is no model and no run named {model!r}", hint)


def open_site(*, without_project: bool = False) -> Site:
    """The project around the current folder; `without_project`: the current folder will do as one."""
    try:
        project, settings = open_project()
    except ProjectError:
        here = Project.at(Path.cwd())
        if not without_project and not has_runs(here):
            raise
        project, settings = here, Settings()
    return Site(project, settings)


def plan_for_model(place: Site, name: str, skip_quick: str = "") -> WatchPlan:
    """The plan for `models/NAME.py`. Raises ProjectError when it is not there or is no Python."""
    path = place.project.find_model(name)
    place.project.check_syntax(path)
    model = place.settings.for_model(name)
    python = _interpreter(model)
    phases: tuple[Phase, ...] = ("full",) if skip_quick else PHASES
    return plan_of(
        place,
        model,
        name=name,
        command=(python, str(path), *model.args),
        sources=(str(path),),
        phases=phases,
        skip_quick=skip_quick,
        is_model=True,
    )


def plan_for_command(place: Site, command: list[str], name: str = "") -> tuple[str, WatchPlan]:
    """The name and the plan for any command: it runs once, as a full phase, for it knows no quick one."""
    if not command:
        raise ProjectError("no command after --", "as in `trainer-tui watch -- python train.py --epochs 90`")
    if shutil.which(command[0]) is None:
        raise ProjectError(f"the command {command[0]!r} was not found", "check its name and PATH")
    chosen = name or name_of_command(command)
    model = place.settings.for_model(chosen)
    # A required training time is a promise that a command makes only where its own settings say so.
    own = place.settings.models.get(chosen)
    windowed = own is not None and "min_hours" in own.full.model_fields_set
    scripts = tuple(
        word for word in command if Path(word).suffix in (".py", ".sh", ".R", ".jl") and Path(word).is_file()
    )
    plan = plan_of(
        place,
        model,
        name=chosen,
        command=tuple(command),
        sources=tuple(str(Path(script).absolute()) for script in scripts),
        phases=("full",),
        skip_quick="",
        is_model=False,
        min_s=model.full.min_hours * 3600 if windowed else 0.0,
        cwd=str(Path.cwd()),
    )
    return chosen, plan


def moved_here(plan: WatchPlan, root: Path) -> WatchPlan:
    """The plan of an earlier watch, its folders where the project is now, should it have been moved."""
    old = Path(plan.root)
    if old == root:
        return plan

    def moved(path: str) -> str:
        return str(root / Path(path).relative_to(old)) if Path(path).is_relative_to(old) else path

    return replace(
        plan, root=str(root), cwd=moved(plan.cwd), sources=tuple(moved(path) for path in plan.sources)
    )


def name_of_command(command: list[str]) -> str:
    """`train` for `python train.py --epochs 90`: the first script or module, else the program."""
    words = [Path(command[0]).name, *command[1:]]
    for index, word in enumerate(words):
        if word == "-m" and index + 1 < len(words):
            return _tidy(words[index + 1].rpartition(".")[2])
        if Path(word).suffix in (".py", ".sh", ".R", ".jl"):
            return _tidy(Path(word).stem)
    return _tidy(words[0])


def plan_of(
    place: Site,
    model: ModelSettings,
    *,
    name: str,
    command: tuple[str, ...],
    sources: tuple[str, ...],
    phases: tuple[Phase, ...],
    skip_quick: str,
    is_model: bool,
    min_s: float | None = None,
    cwd: str = "",
) -> WatchPlan:
    settings = place.settings
    rules, disabled = rules_of(place.project.root, settings, name)
    _check_history(place.project, name, model.history, cwd)
    return WatchPlan(
        model=name,
        command=command,
        cwd=cwd or str(place.project.root),
        root=str(place.project.root),
        phases=phases,
        is_model=is_model,
        sources=sources,
        env=dict(model.env),
        seed=model.seed,
        skip_quick_reason=skip_quick,
        data_fraction=model.quick.data_fraction,
        scale=model.quick.scale,
        chains_scale=model.quick.chains_scale,
        quick_limit_s=model.quick.max_minutes * 60,
        min_s=model.full.min_hours * 3600 if min_s is None else min_s,
        max_s=model.full.max_hours * 3600,
        grace_s=settings.stop.grace_seconds,
        memory_limit_bytes=int(model.memory_gb * GIB) if model.memory_gb else None,
        restart_max=settings.restart.max,
        restart_backoff_s=settings.restart.backoff_seconds,
        first_progress_s=settings.hang.first_progress_minutes * 60,
        hang_floor_s=settings.hang.floor_seconds,
        hang_factor=settings.hang.factor,
        silent_s=settings.hang.silent_minutes * 60,
        main_metric=model.main_metric,
        history=model.history or "",
        converged=str(model.converged) if model.converged else "",
        ranges={column: str(allowed) for column, allowed in model.results.items()},
        skipped_gates=dict(model.gates.skip),
        rules=rules,
        disabled_rules=disabled,
        flags=flags_of(settings, name),
        index_url=place.project.index_url,
        notify_on=tuple(settings.notify.on),
        notify_command=tuple(settings.notify.command),
        notify_apprise=tuple(masked(url.get_secret_value()) for url in settings.notify.apprise),
    )


def _check_history(project: Project, name: str, history: str | None, cwd: str) -> None:
    """Raises ProjectError where metrics would be read from beyond the project: reports would show them."""
    key = ("models", name, "history")
    if history is None or is_from_environment(project.root, key):
        return
    where = Path(cwd or project.root, os.path.expanduser(history))
    try:
        real = way_out(where, (project.root, project.output, project.logs, cwd or project.root))
    except ValueError:
        raise ProjectError(f"{place_of(project.root, key)}: models.{name}.history: not a path") from None
    if real is not None:
        raise ProjectError(f"{place_of(project.root, key)}: models.{name}.history: {refusal('it', real)}")


def _interpreter(model: ModelSettings) -> str:
    if model.python is None:
        return sys.executable
    found = shutil.which(str(Path(model.python).expanduser()))
    if found is None:
        raise ProjectError(f"the interpreter {model.python!r} was not found", "mend `python` in trainer.toml")
    return found


def _tidy(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "command"
