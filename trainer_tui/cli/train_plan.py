"""From a spec to the plan of a watch: the spec in a file, and the job that reads it."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trainer_tui.cli.plans import Site, plan_of
from trainer_tui.project import ProjectError
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.plain import make_folders
from trainer_tui.runs.plan import PHASES

if TYPE_CHECKING:
    from trainer_tui.runs.plan import WatchPlan
    from trainer_tui.training.spec import TrainSpec

JOB = "trainer_tui.training.job"
"""The module that a training's process runs."""

MAIN_METRIC = "best"
"""The column of the history that tells better from worse: the best value of all trials so far."""

NO_CONVERGENCE = "a search ends with its budget of trials; it does not converge"


def is_training(plan: WatchPlan) -> bool:
    """Whether the watch was started by `trainer-tui train`."""
    return plan.command[1:3] == ("-m", JOB)


def plan_for_training(place: Site, spec: TrainSpec, skip_quick: str | None = None) -> WatchPlan:
    """The plan; the spec is written to `output/NAME/specs/`, under a name made of its content.

    Raises ProjectError: the name belongs to a model, or the folder cannot be written.
    """
    if spec.name in place.project.model_names():
        raise ProjectError(
            f"{spec.name} is a model of this project", "choose another name for the training: --name NAME"
        )
    if skip_quick is not None and not skip_quick.strip():
        raise ProjectError("--skip-quick needs a written reason", "it stays with the run")
    content = json.dumps(spec.to_dict(), indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
    folder = place.folder(spec.name).path / "specs"
    path = folder / f"{hashlib.sha256(content).hexdigest()[:16]}.json"
    place.project.check_writable()
    make_folders(folder)
    replace_atomic(path, content)
    settings = place.settings.for_model(spec.name)
    own = place.settings.models.get(spec.name)
    windowed = own is not None and "min_hours" in own.full.model_fields_set
    plan = plan_of(
        place,
        settings,
        name=spec.name,
        command=(settings.python or sys.executable, "-m", JOB, str(path)),
        sources=(str(path),),
        phases=PHASES if skip_quick is None else ("full",),
        skip_quick=skip_quick or "",
        is_model=True,
        min_s=settings.full.min_hours * 3600 if windowed else 0.0,
    )
    skipped = {"converged": NO_CONVERGENCE, **plan.skipped_gates}
    return replace(plan, seed=spec.seed, main_metric=MAIN_METRIC, skipped_gates=skipped)


def name_of_source(source: str) -> str:
    """`breast_cancer` for `sklearn:breast_cancer`, `table` for `data/table.csv.gz`."""
    last = source.rstrip("/").rpartition(":")[2] if "://" not in source else source.partition("?")[0]
    name = PurePosixPath(last.partition("#")[0]).name.partition(".")[0]
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "training"


def spec_path(plan: WatchPlan) -> Path:
    """Where the spec of a training's watch is."""
    return Path(plan.command[3])
