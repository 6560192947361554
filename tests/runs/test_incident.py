"""The record that detectors make, events carry and screens show."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.incident import SEVERITIES, Fate, Incident, Severity

texts = st.text(max_size=20)
incidents = st.builds(
    Incident,
    id=texts,
    severity=st.sampled_from(SEVERITIES),
    kind=texts,
    message=texts,
    fate=st.sampled_from(get_args(Fate)),
    source=texts,
    rule=texts,
    line=st.none() | st.integers(1),
    offset=st.none() | st.integers(0),
    excerpt=texts,
    frames=st.lists(texts, max_size=3).map(tuple),
    hypotheses=st.lists(texts, max_size=3).map(tuple),
    facts=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=3),
)


@given(incidents.filter(lambda i: all((i.id, i.kind, i.message, i.source))))
def test_an_incident_comes_back_from_an_event(incident: Incident) -> None:
    assert Incident.from_dict(json.loads(json.dumps(incident.to_dict()))) == incident


def test_empty_fields_take_no_room_and_zero_is_not_empty() -> None:
    incident = Incident("log:0", "error", "exception", "ValueError: no", line=1, offset=0)
    assert incident.to_dict() == {
        "id": "log:0", "severity": "error", "kind": "exception", "message": "ValueError: no",
        "fate": "suspected", "source": "log", "line": 1, "offset": 0,
    }  # fmt: skip


def test_keys_of_a_newer_version_are_ignored() -> None:
    data: dict[str, Any] = {"id": "1", "severity": "error", "kind": "hang", "message": "m", "aura": "blue"}
    assert Incident.from_dict(data) == Incident("1", "error", "hang", "m")
    with pytest.raises(TypeError):
        Incident.from_dict({"id": "1"})


def test_a_fate_adds_its_proof_and_changes_no_other() -> None:
    suspected = Incident("1", "error", "hang", "m", facts={"epoch": 3, "because": "guess"})
    confirmed = suspected.with_fate("confirmed", because="exit code 1")
    assert confirmed == Incident(
        "1", "error", "hang", "m", fate="confirmed", facts={"epoch": 3, "because": "exit code 1"}
    )
    assert suspected.fate == "suspected"
    assert suspected.facts["because"] == "guess"


def test_severities_are_all_of_them() -> None:
    assert get_args(Severity) == SEVERITIES
