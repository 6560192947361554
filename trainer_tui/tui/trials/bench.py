"""The thread behind the Trials screen: it reads a training's files and makes rows and pictures of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.runs.trainings import DATA, EVALUATION, SPLIT, TRIALS, is_training
from trainer_tui.runs.trainings.data_sheet import DataSheet, data_of
from trainer_tui.runs.trainings.evaluation_sheet import EvaluationSheet, evaluation_of
from trainer_tui.runs.trainings.saying import NO_TRAINING
from trainer_tui.runs.trainings.split_sheet import SplitSheet, split_of
from trainer_tui.runs.trainings.trials import Trial, Trials, TrialsReader
from trainer_tui.tui.bench import Bench
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.trials import evaluation_pictures
from trainer_tui.tui.trials.evaluation_words import part_of
from trainer_tui.tui.trials.panels import Panel
from trainer_tui.tui.trials.pictures import (
    against_value,
    algorithms_of,
    all_parameters,
    best_so_far,
    importances,
    parameters_of,
)
from trainer_tui.tui.trials.rows import Sort, arranged
from trainer_tui.tui.trials.trial_words import head_pieces

LOOK_S = 1.0
KINDS = 4
"""Pictures of a search."""

Cells = tuple[tuple[int, int], ...]
"""(width, height) of each place for a picture."""

Sheet = TypeVar("Sheet")


@dataclass(frozen=True, slots=True)
class TrialsWish:
    """What to show. Algorithm, parameter, part and label that are not there: the first that is."""

    run: RunFolder
    page: str = "trials"
    sort: Sort = "number"
    turned: bool = False
    algorithm: str = ""
    parameter: str = ""
    part: str = ""
    label: str = ""
    first: int = 0
    """Which picture comes first."""
    cells: Cells = ()


@dataclass(frozen=True, slots=True)
class TrialsPicture:
    """A training at one moment."""

    wish: TrialsWish
    trials: Trials = field(default_factory=Trials)
    rows: tuple[Trial, ...] = ()
    """In the order in which they are shown."""
    best: Trial | None = None
    head: tuple[Piece, ...] = ()
    """How many trials there are of which state, and the best one."""
    algorithms: tuple[str, ...] = ()
    algorithm: str = ""
    parameters: tuple[str, ...] = ()
    parameter: str = ""
    part: str = ""
    labels: tuple[str, ...] = ()
    data: DataSheet | None = None
    split: SplitSheet | None = None
    evaluation: EvaluationSheet | None = None
    panels: tuple[Panel, ...] = ()
    waiting: str = ""
    """Why there is nothing to show."""
    blind: str = ""
    """What cannot be read."""


class Document(Generic[Sheet]):
    """A JSON document, read again when its file changed; what is no longer readable stays as it was."""

    def __init__(self, path: Path, parse: Callable[[Mapping[str, Any]], Sheet]) -> None:
        self._path, self._parse = path, parse
        self._stamp: tuple[int, int, int] | None = None
        self.sheet: Sheet | None = None
        self.why = ""

    def poll(self) -> bool:
        """Read it if it changed; whether it did."""
        try:
            status = os.stat(self._path)
        except OSError:
            return False
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        document = read_json(self._path)
        self.why = "" if document is not None else f"{self._path.name} cannot be read"
        if document is not None:
            self.sheet = self._parse(document)
        return True


class _Files:
    """The files of one run."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.training = False
        self.reader = TrialsReader(run.path / TRIALS)
        self.trials = Trials()
        self.data = Document(run.path / DATA, data_of)
        self.split = Document(run.path / SPLIT, split_of)
        self.evaluation = Document(run.path / EVALUATION, evaluation_of)
        self.why = ""

    def poll(self) -> bool:
        changed = False
        if not self.training:
            changed = self.training = is_training(self.run)
        before = self.why
        try:
            grew, self.why = self.reader.poll(), ""
        except OSError as error:
            grew, self.why = False, f"{TRIALS} cannot be read: {error.strerror or error}"
        if grew:
            self.trials = self.reader.snapshot()
        documents = [document.poll() for document in (self.data, self.split, self.evaluation)]
        return changed or grew or any(documents) or before != self.why

    @property
    def blind(self) -> str:
        whys = (self.why, self.data.why, self.split.why, self.evaluation.why)
        return clean("; ".join(why for why in whys if why), 300)


class TrialsBench(Bench[TrialsWish, TrialsPicture]):
    """Follows the files of one training."""

    def __init__(self, announce: Callable[[], object]) -> None:
        super().__init__("trials", announce, LOOK_S)
        self._files: _Files | None = None
        self._done: TrialsWish | None = None
        self._ordered: tuple[object, tuple[Trial, ...]] = (None, ())

    def cannot(self, wish: TrialsWish, why: str) -> TrialsPicture:
        """Blind."""
        return TrialsPicture(wish, waiting=f"◌ blind: the training cannot be read: {why}")

    def look(self, wish: TrialsWish) -> None:
        """Read what is new; hand over a picture when anything is, or another one is wished for."""
        if self._files is None or self._files.run != wish.run:
            self.let_go()
            self._files = _Files(wish.run)
        changed = self._files.poll()
        if changed or wish != self._done:
            self._done = wish
            self.hand_over(self._picture(wish, self._files))

    def let_go(self) -> None:
        """Close the file of trials."""
        if self._files is not None:
            self._files.reader.close()

    def _picture(self, wish: TrialsWish, files: _Files) -> TrialsPicture:
        if not files.training:
            return TrialsPicture(wish, waiting=NO_TRAINING)
        trials = files.trials
        algorithms = algorithms_of(trials)
        algorithm = _chosen(wish.algorithm, algorithms)
        parameters = parameters_of(trials, algorithm)
        evaluation = files.evaluation.sheet
        part = part_of(evaluation, wish.part)
        labels = evaluation_pictures.classes_of(evaluation, part) if evaluation is not None else ()
        picture = TrialsPicture(
            wish,
            trials,
            self._order(wish, trials),
            trials.best,
            tuple(head_pieces(trials)),
            algorithms,
            algorithm,
            parameters,
            _chosen(wish.parameter, parameters),
            part,
            labels,
            files.data.sheet,
            files.split.sheet,
            evaluation,
            blind=files.blind,
        )
        return with_panels(picture)

    def _order(self, wish: TrialsWish, trials: Trials) -> tuple[Trial, ...]:
        key = (trials, wish.sort, wish.turned)
        known = self._ordered[0]
        if not isinstance(known, tuple) or known[0] is not trials or known[1:] != key[1:]:
            self._ordered = key, arranged(trials.trials, wish.sort, wish.turned, trials.direction)
        return self._ordered[1]


def with_panels(picture: TrialsPicture) -> TrialsPicture:
    """The picture with the small pictures of its page."""
    wish = picture.wish
    if wish.page == "trials":
        return replace(picture, panels=_of_search(picture))
    if wish.page == "evaluation" and picture.evaluation is not None:
        label = _chosen(wish.label, picture.labels)
        panels = evaluation_pictures.pictures(picture.evaluation, picture.part, label, wish.cells, wish.first)
        return replace(picture, panels=panels)
    return picture


def _of_search(picture: TrialsPicture) -> tuple[Panel, ...]:
    """Best so far always stands first where there is room for two; the others go round."""
    wish, trials = picture.wish, picture.trials
    cells = wish.cells[:KINDS]
    order = [wish.first % KINDS]
    if len(cells) > 1:
        order = [0, *(1 + (wish.first + n) % (KINDS - 1) for n in range(len(cells) - 1))]
    found = []
    for kind, (width, height) in zip(order, cells, strict=False):
        match kind:
            case 0:
                found.append(best_so_far(trials, width, height))
            case 1:
                found.append(against_value(trials, picture.algorithm, picture.parameter, width, height))
            case 2:
                found.append(all_parameters(trials, picture.algorithm, width, height))
            case _:
                found.append(importances(trials, width, height))
    return tuple(found)


def _chosen(wanted: str, known: tuple[str, ...]) -> str:
    return wanted if wanted in known else known[0] if known else ""
