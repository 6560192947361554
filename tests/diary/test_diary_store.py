"""The diary on disk: nothing is lost to two writers, a kill, a full disk or an editor that knows no lock."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from diary_world import facts, spawn

from trainer_tui.diary import complete, entries, open_entry, read, replace_section, save_entry
from trainer_tui.diary.files import LOCK_NAME, locked, update
from trainer_tui.diary.placing import is_conflict_copy

HAND = b"# Notes\r\n\r\n## Dev Diary Entry #4 \xf0\x9f\x94\xa5\r\n\tkept \xff\xfe\r\n## Search Log\r\n| a |"


def text_of(path: Path, number: int) -> str:
    entry = read(path).find(number)
    assert entry is not None
    return entry.text


def test_a_new_diary_has_a_heading_and_entries_count_up(diary: Path) -> None:
    assert diary.read_text().startswith("# Dev Diary\n\n## Dev Diary Entry #1\n")
    assert [entry.number for entry in entries(diary)] == [1, 2, 3]
    assert "\n\n\n\n## Dev" not in diary.read_text()
    assert {p.name for p in diary.parent.iterdir()} == {"dev_diary.md", LOCK_NAME}
    assert read(diary.parent / "absent.md").text == ""


def test_opening_twice_gives_the_same_entry(diary: Path) -> None:
    before = diary.read_bytes()
    assert open_entry(diary, replace(facts("log:2"), when="later")) == 2
    assert diary.read_bytes() == before
    assert open_entry(diary, facts("log:2", "model_3/008-full")) == 4
    note = replace(facts(), incident=None)
    assert open_entry(diary, note) == 5 == open_entry(diary, note)


def test_appending_keeps_every_byte_and_the_line_endings(tmp_path: Path) -> None:
    path = tmp_path / "dev_diary.md"
    path.write_bytes(HAND)
    assert open_entry(path, facts()) == 5
    data = path.read_bytes()
    assert data.startswith(HAND + b"\r\n\r\n## Dev Diary Entry #5\r\n")
    assert b"\n" not in data[len(HAND) :].replace(b"\r\n", b"")


@pytest.mark.parametrize("tail", ["```\nopen fence", "<!--\nopen comment", "~~~~\n"])
def test_an_open_fence_does_not_swallow_the_new_entry(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "dev_diary.md"
    old = f"## Dev Diary Entry #1\n{tail}"
    path.write_text(old)
    assert open_entry(path, facts()) == 2
    assert path.read_text().startswith(old)
    assert [entry.number for entry in entries(path)] == [1, 2]
    assert len(entries(path)[1].sections) == 5
    result = save_entry(path, 1, old, "## Dev Diary Entry #1\nedited\n")
    assert result.outcome == "saved" and [entry.number for entry in entries(path)] == [1, 2]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_saving_changes_that_entry_only(diary: Path, number: int) -> None:
    before, base = diary.read_text(), text_of(diary, number)
    new = base.replace("**Status**: OPEN", "**Status**: ✅ RESOLVED\tbecause\x0c")
    result = save_entry(diary, number, base, new)
    assert (result.outcome, result.number, result.text) == ("saved", number, new)
    assert diary.read_text() == before.replace(base, new)
    assert save_entry(diary, number, new, new).outcome == "unchanged"


def test_an_entry_appended_meanwhile_is_no_conflict(diary: Path) -> None:
    base = text_of(diary, 3)
    open_entry(diary, facts("log:4"))
    assert text_of(diary, 3) != base
    assert save_entry(diary, 3, base, base + "more\n").outcome == "saved"
    assert save_entry(diary, 3, base + "more\n", base + "still more\n").outcome == "saved"
    assert diary.read_text().count("still more\n\n## Dev Diary Entry #4") == 1
    assert save_entry(diary, 3, base + "still more\n", base + "still more\n").outcome == "unchanged"


def test_both_changed_one_section_keeps_both(diary: Path) -> None:
    base, other = text_of(diary, 2), text_of(diary, 3)
    theirs, ours = replace_section(base, "why", "theirs"), replace_section(base, "why", "ours")
    assert save_entry(diary, 2, base, theirs).outcome == "saved"
    result = save_entry(diary, 2, base, ours)
    assert (result.outcome, result.sections) == ("conflict", ("why",)) and "both versions" in result.sentence
    found = entries(diary)
    assert [e.number for e in found] == [1, 2, 3] and found[2].text == other
    assert result.text == found[1].text and "theirs" in result.text and "ours" in result.text
    assert "holds two versions of The Why" in complete(found[1])[0].text
    before = diary.read_bytes()
    # Pressing save again changes nothing, whichever text the editor goes on from.
    for text in (ours, result.text):
        assert save_entry(diary, 2, text, text).outcome == "unchanged"
    assert diary.read_bytes() == before
    assert save_entry(diary, 2, ours, replace_section(base, "why", "ours too")).outcome == "merged"
    assert "ours too" in text_of(diary, 2) and text_of(diary, 2).count("ours") == 1


def test_what_cannot_be_merged_is_kept_as_a_copy(diary: Path) -> None:
    base, other = text_of(diary, 2), text_of(diary, 3)
    theirs, ours = base + "theirs\n", base + "## Mine\n\nours\n"
    assert save_entry(diary, 2, base, theirs).outcome == "saved"
    result = save_entry(diary, 2, base, ours)
    assert result.outcome == "conflict" and result.sections == ()
    found = entries(diary)
    assert [e.number for e in found] == [1, 2, 2, 3] and found[3].text == other
    assert [is_conflict_copy(e) for e in found] == [False, False, True, False]
    assert found[1].text.rstrip() == theirs.rstrip()
    assert "ours\n" in result.text and "**Conflict copy**" in found[2].text
    before = diary.read_bytes()
    for known in (base, ours):
        assert save_entry(diary, 2, known, ours).outcome == "unchanged"
    assert diary.read_bytes() == before
    assert save_entry(diary, 2, ours, ours + "more\n").outcome == "saved"
    assert entries(diary)[1].text.rstrip() == theirs.rstrip() and len(entries(diary)) == 4


def test_same_change_on_both_sides_is_none(diary: Path) -> None:
    base = text_of(diary, 2)
    save_entry(diary, 2, base, base + "x\n")
    assert save_entry(diary, 2, base, base + "x\n").outcome == "unchanged"
    result = save_entry(diary, 2, base, base)
    assert (
        result.outcome == "unchanged" and result.text == text_of(diary, 2) and "elsewhere" in result.sentence
    )


def test_an_entry_deleted_elsewhere_comes_back_at_the_end(diary: Path) -> None:
    base = text_of(diary, 2)
    diary.write_text(diary.read_text().replace(base, ""))
    assert save_entry(diary, 2, base, base).outcome == "unchanged"
    result = save_entry(diary, 2, base, base + "mine\n")
    assert result.outcome == "conflict" and [e.number for e in entries(diary)] == [1, 3, 2]
    assert save_entry(diary, 2, base + "mine\n", base + "mine!\n").outcome == "saved"
    assert diary.read_text().count("mine") == 1


def test_what_is_typed_into_an_entry_cannot_hide_the_next(diary: Path) -> None:
    base = text_of(diary, 1)
    for typed in (
        "```python\nx",
        "<!-- later",
        "no line end",
        "## My own heading\n\ntext\n",
        "## Dev Diary Entry #9\n",
    ):
        new = base + typed
        assert save_entry(diary, 1, base, new).outcome == "saved"
        assert {1, 2, 3} <= {e.number for e in entries(diary)}
        base = new
    plain = "the heading was deleted\n"
    assert save_entry(diary, 1, base, plain).outcome == "saved"
    assert save_entry(diary, 1, plain, "and more\n").outcome == "saved"
    assert text_of(diary, 1) == "## Dev Diary Entry #1\n\nand more\n\n"
    assert [e.number for e in entries(diary)] == [1, 2, 3]
    renamed = save_entry(diary, 2, text_of(diary, 2), text_of(diary, 2).replace("#2", "#22"))
    assert (renamed.outcome, renamed.number) == ("saved", 22)
    assert save_entry(diary, 2, renamed.text, renamed.text + "x\n").outcome == "saved"
    assert [e.number for e in entries(diary)] == [1, 22, 3]


def test_an_editor_that_drops_carriage_returns_reformats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "dev_diary.md"
    path.write_bytes(b"## Dev Diary Entry #1\r\na\nb\r\n")
    base = "## Dev Diary Entry #1\na\nb\n"
    assert save_entry(path, 1, base, base.replace("b", "b\nc")).outcome == "saved"
    assert path.read_bytes() == b"## Dev Diary Entry #1\r\na\nb\r\nc\n"


def test_mode_stays_and_a_link_is_written_through(diary: Path, tmp_path: Path) -> None:
    diary.chmod(0o640)
    link = tmp_path / "diary.md"
    link.symlink_to(diary)
    assert open_entry(link, facts("log:9")) == 4
    assert link.is_symlink() and stat.S_IMODE(diary.stat().st_mode) == 0o640
    assert not (tmp_path / LOCK_NAME).exists()
    dangling = tmp_path / "later.md"
    dangling.symlink_to(tmp_path / "there" / "real.md")
    assert open_entry(dangling, facts()) == 1 and (tmp_path / "there" / "real.md").is_file()


WRITER = """
import sys
from pathlib import Path
from trainer_tui.diary import EntryFacts, open_entry
from trainer_tui.runs.incident import Incident
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for n in range(count):
    found = Incident(id=f"{name}:{n}", severity="error", kind="x", message="m")
    open_entry(path, EntryFacts("t", "p", "model_3", f"model_3/{name}", "ada", found), wait_s=30)
"""


def test_two_processes_lose_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "dev_diary.md"
    writers = [spawn(WRITER, path, name, 25) for name in ("a", "b")]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    found = entries(path)
    assert [entry.number for entry in found] == list(range(1, 51))
    assert {line for line in path.read_text().splitlines() if line.startswith("<!-- run:")} == {
        f"<!-- run: model_3/{name} incident: {name}:{n} -->" for name in "ab" for n in range(25)
    }


def test_an_editor_without_locks_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(b"one\n")
    seen = []

    def change(data: bytes | None) -> tuple[bytes, int]:
        seen.append(data)
        if len(seen) == 1:
            path.write_bytes(b"one\nfrom vim\n")
        return (data or b"") + b"ours\n", len(seen)

    assert update(path, change) == 2
    assert path.read_bytes() == b"one\nfrom vim\nours\n"


def test_a_stuck_writer_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(TimeoutError, match="lock"), locked(tmp_path, wait_s=0.05):
        pass
    with locked(tmp_path, wait_s=0) as real:
        assert real


def test_a_folder_or_pipe_in_its_place_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    for path in (tmp_path, tmp_path / "pipe.md"):
        with pytest.raises(OSError):
            open_entry(path, facts())


def test_the_room_imports_nothing_heavy() -> None:
    heavy = ("textual", "rich", "pydantic", "numpy", "torch")
    code = f"import sys, trainer_tui.diary; print([name for name in {heavy} if name in sys.modules])"
    out, errors = spawn(code).communicate(timeout=30)
    assert out == "[]\n", errors
