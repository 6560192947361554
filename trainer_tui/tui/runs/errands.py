"""What the Runs screen does to runs: label, delete, restore. In threads; each ends in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from trainer_tui.runs.catalog.labels import Labels, read_labels, split_tags, write_labels
from trainer_tui.runs.catalog.trash import Trashed, TrashError, delete, list_trash, restore
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.units import counted


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an errand."""

    sentence: str
    well: bool = True
    done: tuple[str, ...] = field(default=())
    """Names of the runs that it was done to."""


def set_tags(runs: Sequence[RunFolder], before: Sequence[str], text: str) -> Outcome:
    """Give the runs the tags of the text; of `before`, those that are not in it any more are taken away."""
    wanted = split_tags(text)
    folded = {tag.casefold() for tag in wanted}
    gone = [tag for tag in before if tag.casefold() not in folded]
    return _labelled(runs, lambda labels: labels.with_tags(wanted, gone))


def set_note(run: RunFolder, text: str) -> Outcome:
    """Give the run this note; an empty one takes it away."""
    return _labelled([run], lambda labels: replace(labels, note=text))


def _labelled(runs: Sequence[RunFolder], change: Callable[[Labels], Labels]) -> Outcome:
    done, problems = [], []
    for run in runs:
        try:
            write_labels(run, change(read_labels(run)))
            done.append(run.name)
        except OSError as error:
            problems.append(f"{run.name} cannot be labelled: {error.strerror or error}")
    return Outcome("; ".join(problems[:3]), not problems, tuple(done))


def delete_runs(runs: Sequence[RunFolder]) -> Outcome:
    """Move runs to the trash; one that is refused keeps no other."""
    done, problems = [], []
    for run in runs:
        try:
            delete(run)
            done.append(run.name)
        except TrashError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{run.name}: {error.strerror or error}")
    told = (
        [f"{counted(len(done), 'run is', 'runs are')} in the trash; u brings back the last one"]
        if done
        else []
    )
    more = [f"and {len(problems) - 3} more refused"] if len(problems) > 3 else []
    return Outcome("; ".join([*told, *problems[:3], *more]), not problems, tuple(done))


def restore_last(output: Path) -> Outcome:
    """Bring back the run that was deleted last."""
    lying: list[Trashed] = list_trash(output)
    if not lying:
        return Outcome("the trash is empty", False)
    try:
        run = restore(lying[-1])
    except TrashError as error:
        return Outcome(str(error), False)
    except OSError as error:
        return Outcome(f"{lying[-1].name} cannot be restored: {error.strerror or error}", False)
    return Outcome(f"{run.name} is back", True, (run.name,))
