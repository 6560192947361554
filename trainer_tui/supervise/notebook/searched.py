"""The search log of a training: filled from its trials when the run ends, without anybody asking for it."""

from __future__ import annotations

from pathlib import Path

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.trainings import TRIALS
from trainer_tui.supervise.complaints import complain


def log_trials(run: RunFolder, model: str, notebook: Path, wait_s: float) -> None:
    """Bring the search log of the run's watch up to date; nothing happens where the run tried nothing.

    Raises OSError when the diary cannot be written.
    """
    path = run.path / TRIALS
    if not path.is_file():
        return
    # Imported by the end of a training alone: every other supervisor stays as small as it was.
    from trainer_tui.diary.search_log import SearchLogError, log_search
    from trainer_tui.diary.store import change_diary
    from trainer_tui.diary.studies import StudyError, from_trials

    try:
        study = from_trials(path)
        change_diary(notebook, lambda diary: log_search(diary, study, model), wait_s)
    except (StudyError, SearchLogError) as error:
        complain(f"{run.name}: the search log is left as it is: {error}")
