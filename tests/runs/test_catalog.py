"""Every run as one line: read in portions, kept in a cache, true to the folders."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from catalog_world import Yard

from trainer_tui.runs.catalog import catalog as catalogs
from trainer_tui.runs.catalog.cache import FILE, CatalogCache
from trainer_tui.runs.catalog.catalog import Catalog, read_all
from trainer_tui.runs.catalog.labels import Labels, write_labels
from trainer_tui.runs.catalog.peak import Peak
from trainer_tui.runs.catalog.summary import NAMED, WHOLE
from trainer_tui.runs.events import EventLog
from trainer_tui.runs.files import try_lock
from trainer_tui.runs.layout import RunFolder


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def filled(catalog: Catalog) -> Catalog:
    catalog.scan()
    while not catalog.done:
        catalog.fill(1.0)
    return catalog


def opened(yard: Yard) -> closing[Catalog]:
    return closing(filled(Catalog(yard.output, yard.logs)))


def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders are as old as they need to be for what is known of them to be kept."""
    monkeypatch.setattr(catalogs, "_COARSE_NS", 0)


def test_an_ended_run_in_one_line(yard: Yard) -> None:
    run = yard.ended(git={"commit": "abc"})
    write_labels(run, Labels(("paper",), "the one in the talk"))
    with opened(yard) as catalog:
        found = catalog.runs["model_3/001-full"]
    assert (found.status, found.reason, found.sentence) == ("ended", "passed", "it ended as passed")
    assert (found.duration_s, found.peak_bytes, found.started) == (
        3600.0,
        2 << 30,
        "2026-01-02T12:00:05.000Z",
    )
    assert (found.metric, found.best_at, found.steps, len(found.spark)) == ("val_loss", 19.0, 20.0, 20)
    assert found.best == pytest.approx(math.exp(-19 / 7), abs=1e-5)
    assert found.last == pytest.approx(math.exp(-1 / 7), abs=1e-5)
    assert (found.tags, found.note) == (("paper",), "the one in the talk")
    assert (found.command, found.host, found.user, found.commit) == ("python m.py", "gpu01", "anna", "abc")
    assert found.level == WHOLE and not found.living and found.tone == "good"


def test_names_are_there_before_anything_is_read(yard: Yard) -> None:
    for _ in range(3):
        yard.ended()
    catalog = Catalog(yard.output, yard.logs)
    assert catalog.scan() == {f"model_3/00{n}-full" for n in (1, 2, 3)}
    assert {run.level for run in catalog.runs.values()} == {NAMED} and catalog.unread == 3
    assert catalog.fill(0.0, ["model_3/002-full"]) == {"model_3/002-full"}
    assert catalog.runs["model_3/002-full"].level == WHOLE and catalog.unread == 2


def test_the_newest_is_read_first(yard: Yard) -> None:
    runs = [yard.ended(model) for model in ("b", "a", "c")]
    for age, run in enumerate(runs):
        os.utime(run.path, ns=(0, 10**18 - age * 10**9))
    catalog = Catalog(yard.output, yard.logs)
    catalog.scan()
    assert list(catalog._unread) == ["b/001-full", "a/001-full", "c/001-full"]


def test_what_is_known_of_ended_runs_is_not_read_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    yard.ended()
    with opened(yard) as catalog:
        first = dict(catalog.runs)
    again = Catalog(yard.output, yard.logs)
    again.scan()
    assert again.done and again.runs == first


@pytest.mark.parametrize("change", ["tags", "events", "history replaced"])
def test_a_folder_that_changed_is_read_again(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    settled(monkeypatch)
    run = yard.ended()
    with opened(yard) as catalog:
        if change == "tags":
            write_labels(run, Labels(("new",)))
        elif change == "events":
            EventLog(run.events).append("ended", reason="nan-loss", sentence="after all")
        else:
            run.history.unlink()
            yard.history(run, 5)
        catalog.look()
        filled(catalog)
        now = catalog.runs["model_3/001-full"]
    assert now == catalog_of(yard).runs["model_3/001-full"]
    assert {"tags": now.tags == ("new",), "events": now.reason == "nan-loss"}.get(change, now.steps == 5.0)


def catalog_of(yard: Yard) -> Catalog:
    """A new catalog, which may use the cache."""
    with opened(yard) as catalog:
        return catalog


def test_runs_and_models_come_and_go(yard: Yard) -> None:
    first, second = yard.ended(), yard.ended("other")
    with opened(yard) as catalog:
        third = yard.ended()
        assert catalog.look() == {"model_3/002-full"}
        shutil.rmtree(first.path)
        assert catalog.look() == {"model_3/001-full"}
        shutil.rmtree(second.path.parent)
        assert catalog.look() == {"other/001-full"}
        filled(catalog)
        assert list(catalog.runs) == [third.name]
        shutil.copytree(third.path, first.path)
        catalog.look()
        assert filled(catalog).runs[first.name].reason == "passed"


def test_a_folder_that_goes_while_it_is_read_is_no_error(yard: Yard) -> None:
    run = yard.ended()
    catalog = Catalog(yard.output, yard.logs)
    catalog.scan()
    shutil.rmtree(run.path)
    assert filled(catalog).runs.get(run.name) is None or catalog.runs[run.name].status == "incomplete"
    catalog.look()
    assert catalog.runs == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"plan": 3}', '{"plan": {}, "created": 7, "command": {"a": 1}, "git": []}']
)
def test_a_broken_request_is_shown_as_what_it_is(yard: Yard, text: str) -> None:
    run = yard.ended()
    run.run_json.write_text(text)
    with opened(yard) as catalog:
        found = catalog.runs[run.name]
    assert found.level == WHOLE
    assert found.status == ("ended" if '"plan": {}' in text else "incomplete")


@pytest.mark.parametrize("field", ["reason", "sentence"])
@pytest.mark.parametrize("value", [None, 7, ["x"], "\x1b]0;evil\x07 a"])
def test_events_of_another_hand_do_no_harm(yard: Yard, field: str, value: Any) -> None:
    run = yard.asked()
    line = {"time": "x", "kind": "ended", "reason": "passed", "sentence": "", field: value}
    run.events.write_text(json.dumps(line) + "\n")
    run.exit_json.write_text('{"duration_s": "long", "max_rss_bytes": true, "started": 3}')
    with opened(yard) as catalog:
        found = catalog.runs[run.name]
    assert found.over and found.duration_s is None and found.peak_bytes is None
    assert "\x1b" not in found.reason + found.sentence


def test_foreign_things_in_the_output_are_passed_over(yard: Yard) -> None:
    yard.ended()
    (yard.output / "notes.txt").write_text("x")
    (yard.output / "model_3" / "002-full").write_text("a file, no folder")
    (yard.output / "model_3" / "best").mkdir()
    (yard.output / ".trash" / "model_3" / "009-full").mkdir(parents=True)
    (yard.output / "gone").symlink_to("nowhere")
    with opened(yard) as catalog:
        assert list(catalog.runs) == ["model_3/001-full"]


def test_odd_names_are_shown_harmless_and_found(yard: Yard) -> None:
    for name in ("mod\x1b[2Jel", "näme mit platz", os.fsdecode(b"latin-\xe9")):
        os.rename(yard.ended().path.parent, yard.output / name)
    found = read_all(yard.output, yard.logs)
    assert len(found) == 3
    assert all(run.best is not None and "\x1b" not in run.key for _, run in found)
    assert {folder.path.parent.name for folder, _ in found} >= {"mod\x1b[2Jel"}


@pytest.mark.parametrize(
    "data", [b"\xff\n", b"[]\n[1,2,3]\n", b'[1,[1,2,3,4],["a"]]\n', b"{\n" * 5, b"[" * 9999 + b"\n"]
)
def test_a_cache_of_another_hand_is_passed_over(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    settled(monkeypatch)
    yard.ended()
    filled(Catalog(yard.output, yard.logs)).close()
    cache = yard.output / FILE
    cache.write_bytes(data + cache.read_bytes() + data[:-1])
    assert list(CatalogCache(yard.output).load()) == ["model_3/001-full"]
    assert catalog_of(yard).runs["model_3/001-full"].reason == "passed"


def test_a_cache_with_much_that_is_out_of_date_is_written_anew(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    yard.ended()
    filled(Catalog(yard.output, yard.logs)).close()
    cache = yard.output / FILE
    once = cache.read_bytes()
    cache.write_bytes(once * 1200)
    catalog_of(yard)
    assert cache.read_bytes() == once


def test_two_at_once_keep_one_cache(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(monkeypatch)
    for _ in range(40):
        yard.ended(rows=2)
    one, two = Catalog(yard.output, yard.logs), Catalog(yard.output, yard.logs)
    for catalog in (one, two):
        catalog.scan()
    while not (one.done and two.done):
        one.fill(0.0005)
        two.fill(0.0005)
    assert one.runs == two.runs
    assert len(CatalogCache(yard.output).load()) == 40


def test_where_nothing_can_be_written_runs_are_listed_all_the_same(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(monkeypatch)
    yard.ended()
    (yard.output / FILE).mkdir()
    assert catalog_of(yard).runs["model_3/001-full"].reason == "passed"


def test_an_output_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("a file")
    catalog = Catalog(tmp_path / "output", tmp_path / "logs")
    catalog.scan()
    assert "cannot be read" in catalog.problem
    assert Catalog(tmp_path / "none", tmp_path).scan() == set()


def living(run: RunFolder) -> int:
    """What a training process holds while it lives."""
    lock = try_lock(run.alive_lock)
    assert lock is not None
    EventLog(run.events).append("started", pid=os.getpid())
    return lock


def test_a_living_run_is_followed_to_its_end(yard: Yard) -> None:
    run = yard.asked()
    supervisor = try_lock(run.supervisor_lock)
    lock = living(run)
    yard.history(run, 5)
    with opened(yard) as catalog:
        key = run.name
        assert (catalog.runs[key].status, catalog.runs[key].steps) == ("running", 5.0)
        with open(run.history, "a") as file:
            file.write("6,0.1,0.01\n")
        assert catalog.look() == {key}
        assert (catalog.runs[key].best, catalog.runs[key].best_at) == (0.01, 6.0)
        run.telemetry.write_text("elapsed_s,job_rss\n1,500\n2,900\n3,700\n")
        EventLog(run.events).append("paused", why="asked")
        catalog.look()
        assert (catalog.runs[key].status, catalog.runs[key].peak_bytes) == ("paused", 900)
        run.exit_json.write_text('{"code": 0, "duration_s": 9.0}')
        os.close(lock)
        EventLog(run.events).append("ended", reason="passed", sentence="exit 0")
        catalog.look()
        assert filled(catalog).runs[key].reason == "passed" and not catalog._living
    assert supervisor is not None
    os.close(supervisor)


def test_a_run_without_its_supervisor_is_blind_and_one_without_a_process_is_lost(yard: Yard) -> None:
    blind, lost = yard.asked(), yard.asked("other")
    lock = living(blind)
    os.close(living(lost))
    lost.shim_lock.touch()
    with opened(yard) as catalog:
        assert "no supervisor" in catalog.runs[blind.name].blind
        assert catalog.runs[lost.name].reason == "lost"
    os.close(lock)
    assert not CatalogCache(yard.output).load(), "a state that may change is not kept"


def test_many_living_runs_hold_few_files(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "FOLLOWED", 2)
    locks = [living(yard.asked(f"m{n}")) for n in range(6)]
    with opened(yard) as catalog:
        for _ in range(2):
            catalog.look(["m0/001-full", "m5/001-full"])
        assert {run.status for run in catalog.runs.values()} == {"running"}
        assert sum(one is not None for one in catalog._living.values()) <= 2
    for lock in locks:
        os.close(lock)


def test_of_very_many_living_runs_those_out_of_sight_are_followed_too(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred at once, of which forty are in sight: what ends elsewhere must not stand as running."""
    monkeypatch.setattr(catalogs, "FOLLOWED", 2)
    monkeypatch.setattr(catalogs, "ANEW_AT_ONCE", 1)
    runs = [yard.asked(f"m{n}") for n in range(6)]
    locks = {run.model: living(run) for run in runs}
    with opened(yard) as catalog:
        in_sight = ["m0/001-full"]
        catalog.look(in_sight)
        EventLog(runs[3].events).append("paused", why="asked")
        catalog.look(in_sight)
        assert catalog.runs["m3/001-full"].status == "paused", "an event is news wherever it happens"
        os.close(locks.pop("m5"))
        runs[5].shim_lock.touch()
        for _ in runs:
            catalog.look(in_sight)
        assert catalog.runs["m5/001-full"].reason == "lost", "no event tells of it; it has its turn"
        for run in runs[:5]:
            os.close(locks.pop(run.model))
            run.exit_json.write_text('{"code": 0, "duration_s": 9.0}')
            EventLog(run.events).append("ended", reason="passed", sentence="exit 0")
        catalog.look(in_sight)
        assert [filled(catalog).runs[f"m{n}/001-full"].reason for n in range(5)] == ["passed"] * 5
        assert not catalog._living


def test_the_peak_of_a_growing_table(tmp_path: Path) -> None:
    table = tmp_path / "telemetry.csv"
    peak = Peak(table, "job_rss")
    assert peak.poll() is None
    table.write_text("time,job_rss\n1,5\n2,nan\n3,inf\n4,\n5,seven\n6\n")
    assert peak.poll() == 5
    with table.open("a") as file:
        file.write("7,90")
        file.flush()
        assert peak.poll() == 5, "half a line is no sample"
        file.write("0\ntime,job_rss,gpu0_util\n8,30,1\n")
    assert peak.poll() == 900
    table.write_text("job_rss\n3\n")
    assert peak.poll() == 3, "a table that began anew"
    table.write_text("loss\n9\n8\n7\n")
    assert peak.poll() is None
    peak.close()


def test_a_long_list_is_looked_at_in_turns(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "CHECKED_AT_ONCE", 2)
    runs = [yard.ended(rows=1) for _ in range(7)]
    with opened(yard) as catalog:
        EventLog(runs[6].events).append("ended", reason="crash", sentence="x")
        for _ in range(4):
            catalog.look()
        assert filled(catalog).runs[runs[6].name].reason == "crash"


@pytest.mark.parametrize(
    ("text", "best", "spark"),
    [
        ("epoch,val_loss\n1,nan\n2,inf\n", None, "××"),
        ("epoch,val_loss\n1,3\n2,\n3,1\n", 1.0, "█×▁"),
        ("step,accuracy\n10,0.5\n20,0.9\n30,0.7\n", 0.9, "▁█▄"),
        ("epoch,note\n1,hello\n", None, "×"),
        ("", None, ""),
        ("epoch,val_loss\n", None, ""),
        ("epoch,val_loss\n1,2\n2,1,7\n3", 1.0, "█▁"),
        ('"epoch","val_loss"\n1,"4"\n', 4.0, "▅"),
        ("epoch,val_loss,val_loss\n1,4,3\n", 4.0, "▅"),
        ("epoch,val_loss\r\n1,4\r\n2,2\r\n", 2.0, "█▁"),
        ("loss\n1e308\n-1e308\n", -1e308, "█▁"),
    ],
)
def test_histories_of_every_kind(yard: Yard, text: str, best: float | None, spark: str) -> None:
    run = yard.ended()
    run.history.write_text(text)
    with opened(yard) as catalog:
        found = catalog.runs[run.name]
    assert (found.best, found.spark) == (best, spark)


def test_a_run_that_is_written_while_it_is_read(
    yard: Yard, until: Callable[[Callable[[], Any]], Any]
) -> None:
    """A half-made folder is incomplete, and whole as soon as it is."""
    folder = yard.model().new_run("full")
    with opened(yard) as catalog:
        assert catalog.runs[folder.name].status == "incomplete"
        twin = yard.ended()
        shutil.copytree(twin.path, folder.path, dirs_exist_ok=True)

        def whole() -> bool:
            catalog.look()
            return filled(catalog).runs[folder.name].reason == "passed"

        until(whole)


def test_only_some_models(yard: Yard) -> None:
    for name in ("a", "b"):
        yard.ended(name)
    assert [run.key for _, run in read_all(yard.output, yard.logs, ["b"])] == ["b/001-full"]


def test_ten_thousand_lines_of_cache_are_taken_over_quickly(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No benchmark: that nothing in it grows with the square of the number of runs."""
    settled(monkeypatch)
    yard.ended()
    stamp, summary = cached_entry(yard)
    CatalogCache(yard.output).add(
        (stamp, replace(summary, folder=f"{n:05d}-full", number=n)) for n in range(2, 10_001)
    )
    began = time.process_time()
    found = CatalogCache(yard.output).load()
    assert len(found) == 10_000
    assert time.process_time() - began < 3


def cached_entry(yard: Yard) -> Any:
    catalog_of(yard)
    return next(iter(CatalogCache(yard.output).load().values()))
