"""From the trials of a search to its choice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainer_tui.training.algorithms import ALGORITHMS
from trainer_tui.training.errors import HyperparameterTuningError
from trainer_tui.training.tuning.importance import importances
from trainer_tui.training.tuning.records import TrialRecord, Tuned
from trainer_tui.training.tuning.search import RECORD, SCORES, Search, unpacked
from trainer_tui.training.tuning.selection import Candidate, mean_of, ranked, together

if TYPE_CHECKING:
    from trainer_tui.training.tuning import matrices


def choice(search: Search, data: matrices.Matrices, ensemble: bool) -> Tuned:
    """The best trial, or, where wanted, its mean with others that are as good. Raises
    HyperparameterTuningError when no trial came to a result."""
    records = search.records()
    done = {r.number: r for r in records if r.state == "complete" and r.value is not None}
    if not done:
        raise HyperparameterTuningError(_nothing(records))
    trials = search.study.get_trials(deepcopy=False)
    candidates = [
        Candidate(
            number,
            done[number].algorithm,
            search.scoring.key(*_values(trials[number].user_attrs[RECORD])),
            unpacked(trials[number].user_attrs[SCORES]),
        )
        for number in done
    ]
    best = ranked(candidates)[0]
    record = done[best.number]
    assert record.value is not None
    single = Tuned(
        record.algorithm,
        record.params,
        record.value,
        search.scoring.metric,
        tuple(records),
        search.scoring.direction,
        best.number,
        (),
        importances(search.study, record.algorithm),
    )
    return _mean(search, data, candidates, done, single) if ensemble else single


def _mean(
    search: Search,
    data: matrices.Matrices,
    candidates: list[Candidate],
    done: dict[int, TrialRecord],
    single: Tuned,
) -> Tuned:
    """The best trial together with others as good as it; alone where there is none."""
    if not data.alike:
        scaled = ALGORITHMS[single.algorithm].scale
        candidates = [c for c in candidates if ALGORITHMS[c.algorithm].scale == scaled]
    y = data.y_validation[search.kept]
    members = together(candidates, y, search.scoring)
    if len(members) < 2:
        return single
    told = [
        {"algorithm": c.algorithm, "params": done[c.number].params, "weight": 1.0 / len(members)}
        for c in members
    ]
    return replace(
        single,
        algorithm="ensemble",
        params={"members": told},
        value=search.scoring.values(y, mean_of(members))[0],
        members=tuple(c.number for c in members),
    )


def _values(record: dict[str, Any]) -> tuple[float, float]:
    tie = record.get("tie")
    return record["value"], float("nan") if tie is None else tie


def _nothing(records: list[TrialRecord]) -> str:
    failed = [record for record in records if record.state == "failed"]
    if not failed:
        return (
            "No trial came to a result before the time was over: allow more seconds, or fewer and cheaper "
            "algorithms."
        )
    reasons = Counter(record.reason for record in failed)
    reason, count = reasons.most_common(1)[0]
    names = ", ".join(dict.fromkeys(r.algorithm for r in failed if r.reason == reason))
    return (
        f"None of {len(records)} trials came to a result; {count} of them ({names}) failed with: {reason}. "
        "Correct the data or the search space."
    )
