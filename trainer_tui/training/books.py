"""What a training keeps in the database. One that is down costs the test evaluation, never the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.training.errors import ModelTrainerError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from trainer_tui.training.database.entries import Evaluation
    from trainer_tui.training.preparation import Prepared
    from trainer_tui.training.spec import TrainSpec

Say = Callable[[str], None]


class Books:
    """The database of one training."""

    def __init__(self, url: str, splits: Path, run_id: str, experiment: str, say: Say) -> None:
        """Opens it, or says why it cannot be. splits: the folder of stored splits, and of the ledger."""
        from trainer_tui.training.database.opening import open_database

        self.run_id = run_id
        self.experiment = experiment
        self._say = say
        self._splits = splits
        self._engine: Engine | None = None
        self._split_id = ""
        try:
            self._engine = open_database(url)
        except ModelTrainerError as error:
            say(f"{error} The training goes on; its test part stays closed.")

    def begin(self, prepared: Prepared, spec: TrainSpec, metric: str) -> None:
        """Register experiment and split, and what the leakage checks found."""
        from trainer_tui.training.database import registration, repository
        from trainer_tui.training.leakage import CHECKS

        split, dataset = prepared.split, prepared.dataset
        assert split is not None
        self._split_id = split.split_id
        names = [name for check in CHECKS for name in check.names]
        about = {"dataset": dataset.name, "fingerprint": dataset.fingerprint, "target": dataset.target}
        about |= {"task": dataset.task, "metric": metric}
        self._try(
            lambda e: repository.register_experiment(e, self.experiment, self.experiment, **about),
            lambda e: registration.register_split(e, split, dataset),
            lambda e: repository.record_leakage_audit(
                e, self.run_id, prepared.findings, split.split_id, names, spec.accepted
            ),
        )
        self._keep_ledger()

    def keep_statistics(self, statistics: Mapping[str, Any], rows: int) -> None:
        """Keep what the preprocessing learned from the train rows."""
        from trainer_tui.training.database import repository

        self._try(lambda e: repository.record_preprocessing(e, self.run_id, statistics, rows, self._split_id))

    def keep_version(self, **about: Any) -> None:
        """Keep the model as the next version of its name."""
        from trainer_tui.training.database import repository

        self._try(
            lambda e: repository.register_model_version(
                e, self.run_id, self.experiment, experiment_id=self.experiment, **about
            )
        )

    def previous_best(self, metric: str, maximize: bool) -> dict[str, Any] | None:
        """The row of the best training on this split so far; None: there is none, or nobody can say."""
        from trainer_tui.training.database import repository

        found: list[dict[str, Any] | None] = []
        self._try(
            lambda e: found.append(
                repository.previous_best(e, self.experiment, metric, maximize, self._split_id, self.run_id)
            )
        )
        return found[0] if found else None

    def open_test(self, model_digest: str) -> Evaluation:
        """Permission to read the test rows, once. Raises SplitLockedError, with who had it before."""
        from trainer_tui.training.database import ledger
        from trainer_tui.training.database.errors import LedgerUnreachableError

        if self._engine is None:
            raise LedgerUnreachableError(
                "The database could not be opened: the test part stays closed, "
                "for nobody can say whether it was evaluated before."
            )
        entry = ledger.open_test(self._engine, self._split_id, self.run_id, model_digest=model_digest)
        self._keep_ledger()
        return entry

    def record_test(self, entry: Evaluation, metrics: Mapping[str, Any]) -> None:
        """Close the entry with the digest of the metrics."""
        from trainer_tui.training.database import ledger

        self._try(lambda e: ledger.record(e, entry, metrics))
        self._keep_ledger()

    def close(self) -> None:
        """Let the database go."""
        if self._engine is not None:
            self._engine.dispose()

    def _keep_ledger(self) -> None:
        """Beside the split too: who deletes the database opens no test part by that."""
        from trainer_tui.training.database import journal

        self._try(lambda e: journal.keep(e, self._splits, self._split_id))

    def _try(self, *steps: Callable[[Engine], Any]) -> None:
        if self._engine is None:
            return
        for step in steps:
            try:
                step(self._engine)
            except ModelTrainerError as error:
                self._say(str(error))
