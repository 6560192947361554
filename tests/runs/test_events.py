"""Events: written whole, kept when the disk is full, read as they come."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.events import KINDS, EventLog, EventReader, read_events


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_an_event_has_its_time_and_kind(path: Path) -> None:
    event = EventLog(path).append("note", text="größer\nzwei Zeilen", when=Path("/x"))
    assert parse_utc(event["time"]) is not None
    assert path.read_bytes().count(b"\n") == 1
    assert read_events(path) == [
        {"time": event["time"], "kind": "note", "text": "größer\nzwei Zeilen", "when": "/x"}
    ]


def test_an_unknown_kind_is_a_mistake_of_ours(path: Path) -> None:
    with pytest.raises(ValueError, match="unknown kind of event: nonsense"):
        EventLog(path).append("nonsense")
    assert not path.exists()


def test_every_kind_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()
    table = text.split("## Events")[1].split("\n## ")[0]
    assert [kind for kind in KINDS if f"`{kind}`" not in table] == []


def test_a_name_that_is_no_utf8_costs_no_event(path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    EventLog(path).append("note", text=name)
    assert read_events(path)[0]["text"] == name


def test_a_full_disk_keeps_events_with_their_own_time(small_disk: Path) -> None:
    path, filler = small_disk / "events.jsonl", small_disk / "filler"
    filler.write_bytes(b"f" * 40_000)
    log = EventLog(path)
    events = [log.append("note", text="x" * 1500, n=n) for n in range(30)]
    assert 0 < log.waiting < 30
    assert log.problem is not None
    assert read_events(path) == events[: 30 - log.waiting]
    filler.unlink()
    assert log.flush()
    assert log.waiting == 0
    assert log.problem is None
    assert read_events(path) == events


def test_a_reader_gives_each_event_once(path: Path) -> None:
    reader = EventReader(path)
    assert reader.poll() == []
    log = EventLog(path)
    first = log.append("started", pid=1)
    assert reader.poll() == [first]
    assert reader.poll() == []
    second = log.append("note", text="x")
    append(path, b'{"time": "t", "kind": "no')
    assert reader.poll() == [second]
    append(path, b'te"}\n')
    assert reader.poll() == [{"time": "t", "kind": "note"}]


def test_a_torn_event_swallows_no_other(path: Path) -> None:
    append(path, b'{"time": "2026-01-25T14:3')
    log = EventLog(path)
    event = log.append("note", text="after the crash")
    assert read_events(path) == [event] == EventReader(path).poll()


@pytest.mark.parametrize(
    "line",
    [b"{}", b'{"kind": "note"}', b'{"kind": [], "time": "t"}', b'{"kind": "note", "time": 5}', b"[" * 9999],
    ids=lambda line: ascii(line[:24]),
)
def test_what_is_no_event_is_passed_over(path: Path, line: bytes) -> None:
    append(path, line + b'\n{"kind": "note", "time": "t"}\n')
    assert len(read_events(path)) == len(EventReader(path).poll()) == 1


def test_a_file_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    reader = EventReader(tmp_path)
    assert reader.poll() == []
    assert reader.problem == "Is a directory"
    reader.path = tmp_path / "events.jsonl"
    reader.poll()
    append(reader.path, b"")
    reader.poll()
    assert reader.problem == ""


texts = st.text(max_size=20)


@given(st.lists(st.one_of(texts, st.none()), max_size=12), st.lists(st.integers(1, 40), max_size=30))
def test_whole_events_come_through_torn_ones_and_any_pieces(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str | None], sizes: list[int]
) -> None:
    """None stands for an event that a crash tore in half, before the next one was appended."""
    folder = tmp_path_factory.mktemp("events")
    source, target = folder / "source", folder / "target"
    for note in notes:
        log = EventLog(source)  # a supervisor that took over
        if note is None:
            append(source, b'{"time": "2026", "kind": "note", "te')
        else:
            log.append("note", text=note)
    data = source.read_bytes() if source.exists() else b""
    reader, found = EventReader(target), []
    for size in [*sizes, len(data)]:
        append(target, data[:size])
        data = data[size:]
        found += reader.poll()
    expected = [json.loads(json.dumps(note)) for note in notes if note is not None]
    assert [event["text"] for event in found] == expected
    assert [event["text"] for event in read_events(target)] == expected


def test_what_is_not_finite_is_written_as_a_word(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append("note", row={"loss": float("nan"), "norms": [float("inf"), 1.0]})
    line = (tmp_path / "events.jsonl").read_text()
    refuse = lambda constant: pytest.fail(f"{constant} is no JSON")  # noqa: E731
    assert json.loads(line, parse_constant=refuse)["row"] == {"loss": "nan", "norms": ["inf", 1.0]}
