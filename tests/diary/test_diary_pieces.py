"""What is kept between saves is what is in the file: a save after another one sees the same diary."""

from __future__ import annotations

import tempfile
from pathlib import Path

from diary_texts import documents
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.diary import parse, read
from trainer_tui.diary.document import Diary, edited
from trainer_tui.diary.store import change_diary


@given(
    documents,
    st.lists(st.tuples(st.integers(0), st.integers(0), documents | st.text(max_size=9)), max_size=4),
)
@settings(max_examples=120, deadline=None)
def test_saves_after_each_other_leave_what_they_should(text: str, edits: list[tuple[int, int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dev_diary.md"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        for one, two, new in edits:
            data = path.read_bytes()
            whole = parse(data).text
            start, end = sorted((one % (len(whole) + 1), two % (len(whole) + 1)))

            def change(
                diary: Diary, start: int = start, end: int = end, new: str = new
            ) -> tuple[Diary, None]:
                return edited(diary, start, end, new), None

            change_diary(path, change)
            want = parse(whole[:start] + new + whole[end:])
            assert path.read_bytes() == want.to_bytes()
            assert read(path) == parse(path.read_bytes())


@given(documents, st.data())
def test_a_part_of_the_text(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    diary = parse(text)
    assert diary.between(start, end) == text[start:end] and diary.length == len(text)


def test_what_no_file_can_hold_is_read_back_as_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "dev_diary.md"
    path.write_text("## Dev Diary Entry #1\nx\n")
    change_diary(path, lambda diary: (edited(diary, 22, 22, "\ud83d \udcff"), None))
    assert path.read_bytes() == b"## Dev Diary Entry #1\n\xef\xbf\xbd \xffx\n"
    assert read(path).text == "## Dev Diary Entry #1\n\ufffd \udcffx\n"
