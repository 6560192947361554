"""A real Feast repository on disk; runs where Feast is installed (`make test-feast`)."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pandas as pd
import pytest

from trainer_tui.training.data import describe, load
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec

feast = pytest.importorskip("feast", reason="Feast lives in an environment of its own: make test-feast")

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2024-01-01", tz="UTC")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten patients, whose pressure is 100·patient + day, known from each day's noon on."""
    from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
    from feast.types import Float64

    root = tmp_path_factory.mktemp("feast")
    repo = root / "features"
    repo.mkdir()
    (repo / "feature_store.yaml").write_text(
        textwrap.dedent(
            """
            project: clinic
            registry: registry.db
            provider: local
            online_store: {type: sqlite, path: online.db}
            offline_store: {type: file}
            entity_key_serialization_version: 3
            """
        )
    )
    rows = [
        {
            "patient_id": p,
            "pressure": 100.0 * p + d,
            "event_timestamp": START + d * DAY + pd.Timedelta(hours=12),
        }
        for p in range(10)
        for d in range(30)
    ]
    pd.DataFrame(rows).to_parquet(repo / "measured.parquet")
    patient = Entity(name="patient", join_keys=["patient_id"], value_type=ValueType.INT64)
    source = FileSource(path=str(repo / "measured.parquet"), timestamp_field="event_timestamp")
    view = FeatureView(
        name="vitals",
        entities=[patient],
        ttl=None,
        schema=[Field(name="pressure", dtype=Float64)],
        source=source,
    )
    FeatureStore(repo_path=str(repo)).apply(
        [patient, view, FeatureService(name="vital_signs", features=[view])]
    )
    return root


@pytest.fixture(scope="module")
def entities(repository: Path) -> Path:
    """Out of order on purpose; each patient is looked at on several days, at six in the evening or in the
    morning."""
    rows = [
        {
            "patient_id": p,
            "event_timestamp": START + d * DAY + pd.Timedelta(hours=18 if d % 2 else 6),
            "ill": "yes" if (p + d) % 3 == 0 else "no",
        }
        for d in (20, 3, 11, 28, 7)
        for p in (4, 0, 9, 2, 7, 5, 1, 8, 3, 6)
    ]
    path = repository / "labels.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_features_are_joined_as_they_were_known_at_the_time(repository: Path, entities: Path) -> None:
    spec = TrainSpec("feast:features#vital_signs", "ill", target="ill", query="labels.csv")
    dataset = load(spec, repository)

    table = pd.read_csv(entities)
    when = pd.to_datetime(table["event_timestamp"], utc=True)
    # At six in the morning today's value, measured at noon, is not known yet.
    known = (when - START).dt.days - (when.dt.hour == 6)
    assert dataset.X["pressure"].tolist() == (100.0 * table["patient_id"] + known).tolist()
    assert [dataset.classes[code] for code in dataset.y] == table["ill"].tolist()
    assert dataset.groups is not None and dataset.groups.tolist() == table["patient_id"].tolist()
    assert dataset.times is not None and dataset.times.tolist() == when.dt.tz_localize(None).tolist()
    assert describe(dataset)["group"]["why"].endswith("the key and the time of the point-in-time join")
    assert list(dataset.X.columns) == ["pressure"]


@pytest.mark.parametrize(
    ("source", "query", "says"),
    [
        ("feast:features#other", "labels.csv", "has no feature service 'other'; it has: vital_signs"),
        ("feast:features#vital_signs", "", "needs a table of entities"),
        ("feast:features", "labels.csv", "feast:REPOSITORY#FEATURE_SERVICE"),
        ("feast:nowhere#vital_signs", "labels.csv", "no Feast repository"),
        ("feast:features#vital_signs", "no_time.csv", "has no column event_timestamp"),
        ("feast:features#vital_signs", "no_key.csv", "lacks the key patient_id"),
    ],
)
def test_what_is_wrong_is_said(repository: Path, entities: Path, source: str, query: str, says: str) -> None:
    (repository / "no_time.csv").write_text("patient_id,ill\n1,yes\n2,no\n")
    (repository / "no_key.csv").write_text("event_timestamp,ill\n2024-01-02,yes\n2024-01-03,no\n")
    with pytest.raises(DataSourceError, match=says):
        load(TrainSpec(source, "ill", target="ill", query=query), repository)
