"""`train DATA` and `train check DATA`: from what was asked to a watch, or to what the checks say."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_tui.cli import train_plan, train_words
from trainer_tui.cli.printing import complain, print_json, say
from trainer_tui.cli.watch import watch_plan
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED

if TYPE_CHECKING:
    from trainer_tui.cli.plans import Site
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.preparation import Prepared
    from trainer_tui.training.spec import TrainSpec

_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*:")


@dataclass(frozen=True, slots=True)
class Asked:
    """What stood on the command line; empty means: infer it."""

    source: str
    name: str = ""
    target: str = ""
    group: str = ""
    time: str = ""
    gap: str = ""
    strategy: str = ""
    task: str = ""
    positive: str = ""
    drop: tuple[str, ...] = ()
    row_id: str = ""
    unit: str = ""
    query: str = ""
    algorithms: tuple[str, ...] = ()
    trials: int = 50
    minutes: float | None = None
    workers: int = 1
    metric: str = ""
    seed: int = 0
    accept: tuple[str, ...] = ()
    tracking: str = ""
    database: str = ""


def train(asked: Asked, skip_quick: str | None, headless: bool, as_json: bool) -> int:
    """Read the data, show what was understood, start the watch and look at it; the exit code of the run."""
    from trainer_tui.cli.plans import open_site

    place = open_site(without_project=True)
    spec = spec_of(asked, place)
    dataset = _load(spec, place)
    if not as_json:
        for line in train_words.described(dataset):
            say(line)
    plan = train_plan.plan_for_training(place, spec, skip_quick)
    return watch_plan(place, plan, headless=headless, as_json=as_json)


def check(asked: Asked, as_json: bool) -> int:
    """Everything before the first fit; `EXIT_FAILED` when a gate refuses. Nothing is stored."""
    from trainer_tui.cli.plans import open_site
    from trainer_tui.training.errors import (
        DataLeakageError,
        QCGateBlockedError,
        SplitRatioViolationError,
    )
    from trainer_tui.training.preparation import SPLITS, prepare

    place = open_site(without_project=True)
    spec = spec_of(asked, place)
    seen: list[Prepared] = []
    refusal = ""
    try:
        prepare(spec, place.project.root, place.project.output / SPLITS, seen.append, keep=False)
    except (DataLeakageError, QCGateBlockedError, SplitRatioViolationError) as error:
        refusal = str(error)
    if as_json:
        print_json(train_words.checked_document(seen[-1], refusal))
    else:
        for line in train_words.checked(seen[-1]):
            say(line)
        if refusal:
            complain(refusal)
    return EXIT_FAILED if refusal else EXIT_PASSED


def spec_of(asked: Asked, place: Site) -> TrainSpec:
    """The spec. Raises ProjectError for a name, an acceptance or an address that cannot be."""
    from trainer_tui.training.data import has_secret
    from trainer_tui.training.spec import TrainSpec

    for option, value in (
        ("DATA", asked.source),
        ("--tracking", asked.tracking),
        ("--database", asked.database),
    ):
        if has_secret(value):
            raise ProjectError(
                f"the address in {option} carries a password, and what is asked of a run is written down",
                "put it into a variable and give that: export WAREHOUSE_URL=…, then env:WAREHOUSE_URL",
            )
    return TrainSpec(
        source=_from_root(asked.source, place.project.root),
        name=asked.name or train_plan.name_of_source(asked.source),
        target=asked.target,
        task=asked.task,
        group=asked.group,
        time=asked.time,
        gap=asked.gap,
        strategy=asked.strategy,
        positive=asked.positive,
        drop=asked.drop,
        row_id=asked.row_id,
        unit=asked.unit,
        query=asked.query,
        algorithms=asked.algorithms,
        trials=asked.trials,
        tuning_s=asked.minutes * 60 if asked.minutes else None,
        workers=asked.workers,
        metric=asked.metric,
        seed=asked.seed,
        tracking_uri=asked.tracking,
        database_url=asked.database,
        accepted=dict(_accepted(entry) for entry in asked.accept),
    )


def _accepted(entry: str) -> tuple[str, str]:
    check, _, reason = entry.partition("=")
    if not check.strip() or not reason.strip():
        raise ProjectError(
            f"--accept {entry!r} has no reason", "as in --accept near-duplicates='twins, on purpose'"
        )
    return check.strip(), reason.strip()


def _load(spec: TrainSpec, place: Site) -> Dataset:
    from trainer_tui.training.data import load

    return load(spec, place.project.root)


def _from_root(source: str, root: Path) -> str:
    """A file relative to the project where it lies in it, else absolute; addresses as they are."""
    if _ADDRESS.match(source):
        return source
    path = Path(os.path.abspath(source))
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
