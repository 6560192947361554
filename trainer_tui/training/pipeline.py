"""One training from data to a judged model: the order of the steps of document 002, as a run of ours."""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.plain import make_folders
from trainer_tui.training import documents, outcome
from trainer_tui.training.assessment import Fitted, against, assess, with_threshold
from trainer_tui.training.books import Books
from trainer_tui.training.errors import ModelTrainerError, SplitLockedError, TrainingFailedError
from trainer_tui.training.preparation import SPLITS, Prepared, prepare
from trainer_tui.training.records import ModelCandidate, TrainedModel, ValidationMetrics
from trainer_tui.training.tracking import Tracker, final_metrics

if TYPE_CHECKING:
    from trainer_tui.runs.training_run import TrainingRun
    from trainer_tui.training.algorithms.algorithm import Algorithm
    from trainer_tui.training.evaluation import Comparison, Evaluation
    from trainer_tui.training.spec import TrainSpec
    from trainer_tui.training.tuning import TrialRecord, Tuned

Say = Callable[[str], None]

SHORT_S = 10.0
"""How long a training that failed waits for MLflow."""
NOT_IN_QUICK = "The quick run does not evaluate the test part."


class Training:
    """The steps of one training, in their order; `train` takes them."""

    def __init__(
        self, spec: TrainSpec, run: TrainingRun, candidate: ModelCandidate | None, cwd: Path, say: Say
    ) -> None:
        self.run, self.candidate, self.cwd, self.say = run, candidate, cwd, say
        self.spec = replace(
            spec, trials=run.iterations(spec.trials), tuning_s=_shorter(spec.tuning_s, run.scale)
        )
        self.folder = run.folder
        self.output = run.folder.parents[1]
        self.run_id = f"{run.folder.parent.name}/{run.folder.name}"
        self.began = time.monotonic()
        self.trials = documents.Trials(run.folder)
        self.tracker = Tracker(run.folder, spec.tracking_uri, spec.name, self.run_id)
        self.test: dict[str, Any] = {"state": "unopened", "by": "", "at": "", "sentence": ""}
        database = spec.database_url or f"sqlite:///{self.output / 'runs.db'}"
        self.books = Books(database, self.output / SPLITS, self.run_id, spec.name, say)
        self._best: float | None = None

    def all_steps(self) -> tuple[TrainedModel, ValidationMetrics]:
        """Raises ModelTrainerError, one sentence, for whatever ends a training."""
        try:
            prepared = self._prepare()
            rows = self._rows(prepared)
            tuned = self._tune(prepared, rows)
            fitted = with_threshold(self._fit(prepared, tuned, rows["train"]), rows["validation"])
            return self._judge(prepared, tuned, fitted, rows)
        except ModelTrainerError:
            self.tracker.finish("FAILED", timeout_s=SHORT_S)
            raise
        finally:
            self.books.close()

    # Before the first fit

    def _prepare(self) -> Prepared:
        def step(prepared: Prepared) -> None:
            if prepared.split is None:
                documents.write_data(self.folder, prepared)
                quality = prepared.quality
                self.say(f"quality {quality.status} with score {quality.overall_score:.2f}")
            else:
                documents.write_split(self.folder, prepared, self.spec.accepted, self.test)

        self.run.expect(seconds=3600)
        prepared = prepare(self.spec, self.cwd, self.output / SPLITS, step)
        assert prepared.split is not None
        for finding in prepared.findings:
            self.say(f"{finding.severity} {finding.check}: {finding.message}")
        counts = ", ".join(f"{part} {count}" for part, count in prepared.split.counts().items())
        self.say(f"split {prepared.split.split_id[:16]} by {prepared.split.strategy}: {counts}")
        return prepared

    def _rows(self, prepared: Prepared) -> dict[str, Any]:
        """Positions of the train and validation rows that this phase may use."""
        from trainer_tui.training.splits.enforce import quick_rows

        split, dataset = prepared.split, prepared.dataset
        assert split is not None
        if not self.run.quick:
            return {"train": split.positions("train"), "validation": split.positions("validation")}
        strata = None if dataset.task == "regression" else dataset.y.to_numpy().astype(int)
        train, validation = quick_rows(split, self.run.data_fraction, self.spec.seed, strata)
        return {"train": train, "validation": validation}

    # The search and the model

    def _tune(self, prepared: Prepared, rows: Mapping[str, Any]) -> Tuned:
        from trainer_tui.training.evaluation.metrics import METRICS, unit_of
        from trainer_tui.training.tuning import tune
        from trainer_tui.training.tuning.scoring import scoring

        dataset, split = prepared.dataset, prepared.split
        assert split is not None
        metric = scoring(self.spec.metric, dataset.task, len(dataset.classes)).metric
        direction = METRICS[metric].direction
        self.books.begin(prepared, self.spec, metric)
        self.trials.study(metric, direction, self.spec.trials, unit_of(metric, dataset.unit))
        study = self._study()
        self.say(
            f"searching {self.spec.trials} trials for the best {metric} on {len(rows['validation'])} rows"
        )
        tuned = tune(
            dataset,
            split,
            self.spec,
            rows["train"],
            rows["validation"],
            f"journal:{study}",
            lambda record: self._trial(record, direction),
            candidate=self.candidate,
        )
        study.replace(self.folder / "study.journal")
        self.trials.importances(tuned.importances)
        self.say(f"chosen {tuned.algorithm}: {tuned.metric} {tuned.value:.4g} on validation")
        return tuned

    def _study(self) -> Path:
        """Outside of the run folder while it is searched: a run started after a kill goes on there."""
        asked = json.dumps([asdict(self.spec), self.run.phase], sort_keys=True, default=str)
        folder = self.output / self.folder.parent.name / "studies"
        make_folders(folder)
        return folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.journal"

    def _trial(self, record: TrialRecord, direction: str) -> None:
        self.trials.trial(record)
        self.tracker.trial(record.to_dict())
        if record.value is not None:
            better = self._best is None or (record.value > self._best) == (direction == "maximize")
            self._best = record.value if better else self._best
        told = record.reason if record.value is None else f"{record.value:.4g}"
        self.say(f"trial {record.number} {record.algorithm} {record.state} {told}")
        self.run.log(epoch=record.number + 1, score=record.value, best=self._best)
        self.run.progress(record.number + 1, self.spec.trials, step_name="trial")

    def _fit(self, prepared: Prepared, tuned: Tuned, rows: Any) -> Fitted:
        from trainer_tui.training.preprocess import statistics
        from trainer_tui.training.tuning import refit

        try:
            # What a fit warns of was part of its trial too, and the choice was made with it.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                preprocessor, model = refit(
                    prepared.dataset, rows, tuned.algorithm, tuned.params, self.spec.seed, self.spec.workers
                )
        except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
            raise TrainingFailedError(
                f"The chosen model, {tuned.algorithm}, cannot be fitted: {error}."
            ) from error
        self.books.keep_statistics(statistics(preprocessor), len(rows))
        return Fitted(prepared.dataset, self.spec, preprocessor, model)

    # The judgement

    def _judge(
        self, prepared: Prepared, tuned: Tuned, fitted: Fitted, rows: Mapping[str, Any]
    ) -> tuple[TrainedModel, ValidationMetrics]:
        from trainer_tui.training.evaluation import validation_metrics

        train = assess(fitted, rows["train"], self.folder, "train", intervals=False)
        validation = assess(fitted, rows["validation"], self.folder, "validation")
        comparison = self._compare(tuned, fitted, rows["validation"])
        saved = self._save(prepared, tuned, fitted)
        test, refused = self._evaluate_test(prepared, fitted, saved.manifest_sha256)
        metrics = validation_metrics(self.run_id, train, validation, test, fitted.threshold, refused)
        parts = {"train": train, "validation": validation, "test": test}
        outcome.write_evaluation(self.folder, fitted, tuned.metric, parts, comparison, refused)
        trained = self._trained(tuned, saved, len(rows["train"]))
        trained = self._track(prepared, trained, metrics)
        outcome.write_row(self.folder, prepared, trained, metrics, {n: len(r) for n, r in rows.items()})
        outcome.publish(self.run, trained, metrics)
        return trained, metrics

    def _compare(self, tuned: Tuned, fitted: Fitted, validation: Any) -> tuple[str, Comparison] | None:
        if self.run.quick:
            return None
        best = self.books.previous_best(tuned.metric, tuned.direction == "maximize")
        if best is None:
            return None
        name = str(best["training_run_id"])
        return name, against(fitted, validation, self.output / name)

    def _evaluate_test(
        self, prepared: Prepared, fitted: Fitted, digest: str
    ) -> tuple[Evaluation | None, str]:
        if self.run.quick:
            return None, NOT_IN_QUICK
        from trainer_tui.training.evaluation.summary import known

        assert prepared.split is not None
        try:
            entry = self.books.open_test(digest)
        except SplitLockedError as error:
            self.say(str(error))
            self.test = {"state": "refused", "by": "", "at": "", "sentence": str(error)}
            documents.write_split(self.folder, prepared, self.spec.accepted, self.test)
            return None, str(error)
        self.test = {
            "state": "opened",
            "by": entry.opened_by,
            "at": entry.opened_at,
            "sentence": entry.purpose,
        }
        documents.write_split(self.folder, prepared, self.spec.accepted, self.test)
        evaluation = assess(fitted, prepared.split.positions("test"), self.folder, "test")
        self.books.record_test(entry, known(evaluation))
        return evaluation, ""

    # What is left behind

    def _save(self, prepared: Prepared, tuned: Tuned, fitted: Fitted) -> Any:
        from trainer_tui.training import artifacts

        assert prepared.split is not None
        saved = artifacts.save(
            self.folder / "model",
            fitted.preprocessor,
            fitted.model,
            dataset=prepared.dataset,
            algorithm=tuned.algorithm,
            threshold=fitted.threshold.value if fitted.threshold else None,
            seed=self.spec.seed,
            split_id=prepared.split.split_id,
        )
        for note in saved.notes:
            self.say(note)
        return saved

    def _trained(self, tuned: Tuned, saved: Any, samples: int) -> TrainedModel:
        from trainer_tui.training.algorithms import ALGORITHMS

        algorithm: Algorithm = ALGORITHMS[tuned.algorithm]
        self.books.keep_version(
            training_run_id=self.run_id,
            algorithm_name=tuned.algorithm,
            framework=algorithm.framework,
            model_artifact_uri=saved.uris["model"],
            preprocessing_artifact_uri=saved.uris["preprocessor"],
            artifact_format=saved.formats["model"],
            artifact_sha256=saved.manifest_sha256,
        )
        return TrainedModel(
            training_run_id=self.run_id,
            model_version_id=self.run_id,
            experiment_id=self.spec.name,
            algorithm_name=tuned.algorithm,
            framework=algorithm.framework,
            best_hyperparameters=tuned.params,
            tuning_trials=len(tuned.trials),
            model_artifact_uri=saved.uris["model"],
            preprocessing_artifact_uri=saved.uris["preprocessor"],
            training_samples=samples,
            training_duration_seconds=time.monotonic() - self.began,
            training_completed_at=datetime.now(UTC),
        )

    def _track(self, prepared: Prepared, trained: TrainedModel, metrics: ValidationMetrics) -> TrainedModel:
        """Tell MLflow; what it did not take stays in the run folder, and is said."""
        assert prepared.split is not None
        self.tracker.params({"algorithm": trained.algorithm_name, **trained.best_hyperparameters})
        self.tracker.metrics(final_metrics(metrics))
        self.tracker.tags(
            {
                "phase": self.run.phase,
                "data": prepared.dataset.name,
                "fingerprint": prepared.dataset.fingerprint,
                "split": prepared.split.split_id,
                "target": prepared.dataset.target,
            }
        )
        for name in (documents.EVALUATION, documents.SPLIT, documents.DATA, "model"):
            self.tracker.artifact(self.folder / name)
        sent = self.tracker.finish()
        if sent.problem and not self.tracker.off:
            self.say(sent.problem)
        return replace(trained, mlflow_run_id=sent.mlflow_run_id)


def train(
    spec: TrainSpec,
    run: TrainingRun,
    *,
    candidate: ModelCandidate | None = None,
    cwd: Path | None = None,
    say: Say = print,
) -> tuple[TrainedModel, ValidationMetrics]:
    """Train as the spec says, within a run; see `Training.all_steps`.

    candidate: one algorithm with its own space. cwd: where relative sources start.
    """
    return Training(spec, run, candidate, cwd or Path.cwd(), say).all_steps()


def _shorter(seconds: float | None, scale: float) -> float | None:
    return None if seconds is None else seconds * scale
