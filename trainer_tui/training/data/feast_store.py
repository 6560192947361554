"""Features from a Feast repository, joined to an entity table as they were known at each row's time.

Feast is an extra of its own: it holds pandas below 3, so it lives in another environment (`make test-feast`).

Source: Feast, "Point-in-time joins" and "Feature retrieval".
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pyarrow as pa

from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError

TIME = "event_timestamp"
"""The column of an entity table with the moment at which a row's features must have been known."""


def read(name: str, entities: str, cwd: Path) -> Raw:
    """`REPOSITORY#SERVICE` and the file of the entity table: keys, `event_timestamp`, target. Raises
    DataSourceError."""
    folder, hash_sign, service_name = name.partition("#")
    if not (folder and hash_sign and service_name):
        raise DataSourceError(
            "A Feast source is written feast:REPOSITORY#FEATURE_SERVICE, e.g. feast:features#churn."
        )
    if not entities:
        raise DataSourceError(
            f"feast:{name} needs a table of entities: give its file as the query, with the keys, {TIME} and "
            "the target."
        )
    store = _store(_below(folder, cwd))
    table = _entities(_below(entities, cwd))
    services = {service.name: service for service in store.list_feature_services()}
    if service_name not in services:
        there = ", ".join(sorted(services)) or "none"
        raise DataSourceError(
            f"The Feast repository {folder} has no feature service {service_name!r}; it has: {there}."
        )
    keys = _keys(store, services[service_name])
    if absent := [key for key in keys if key not in table.columns]:
        raise DataSourceError(
            f"The entity table {entities} lacks the key {', '.join(absent)} of feast:{name}: add it."
        )
    try:
        frame = store.get_historical_features(entity_df=table, features=services[service_name]).to_df()
    except Exception as error:  # Feast raises whatever its parts raise
        text = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
        raise DataSourceError(f"Feast cannot join feast:{name} to {entities}: {text}.") from error
    # Feast sorts as it likes: the order of the entity table is the order of the rows
    frame = frame.sort_values(_PLACE, kind="stable").drop(columns=_PLACE)
    raw = Raw(pa.Table.from_pandas(frame, preserve_index=False), service_name, f"feast:{name}")
    raw.time, raw.role_why = TIME, "the time of the point-in-time join"
    repeated = [key for key in keys if frame[key].duplicated().any()]
    if len(keys) == 1 and repeated:
        raw.group = keys[0]
        raw.role_why = "the key and the time of the point-in-time join"
    raw.left_out = dict.fromkeys(keys, "a key of the feature store")
    return raw


_PLACE = "trainer_row_number"


def _below(path: str, cwd: Path) -> Path:
    given = Path(path).expanduser()
    return given if given.is_absolute() else cwd / given


def _store(folder: Path) -> Any:
    try:
        feast = importlib.import_module("feast")
    except ImportError as error:
        raise DataSourceError(
            "feast: sources need Feast, which holds pandas below 3 and wants an environment of its own: "
            "pip install -c constraints-feast.txt 'trainer-tui[feast]'."
        ) from error
    if not (folder / "feature_store.yaml").is_file():
        raise DataSourceError(f"{folder} is no Feast repository: it has no feature_store.yaml.")
    return feast.FeatureStore(repo_path=str(folder))


def _entities(path: Path) -> Any:
    import pandas as pd

    from trainer_tui.training.data import sources

    frame = sources.table_file(path).table.to_pandas()
    if TIME not in frame.columns:
        raise DataSourceError(
            f"The entity table {path} has no column {TIME}: add the moment that each row stands for."
        )
    frame[TIME] = pd.to_datetime(frame[TIME], utc=True)
    frame[_PLACE] = range(len(frame))
    return frame


def _keys(store: Any, service: Any) -> list[str]:
    names: dict[str, None] = {}
    for projection in service.feature_view_projections:
        view = store.get_feature_view(projection.name)
        for entity in view.entity_columns:
            names[projection.join_key_map.get(entity.name, entity.name)] = None
    return [name for name in names if not name.startswith("__dummy")]
