"""Whatever a log, a name, a history or a setting holds: no control sequence of it reaches the terminal."""

from __future__ import annotations

import os
import sys

import pytest
from hostile_world import EVIL, unwanted

from trainer_tui.cli.app import main
from trainer_tui.runs.events import read_events

COMMANDS = """
status
status model_3
events model_3
check model_3
runs
runs model_3
runs --filter tag:x
compare model_3/1 model_3/2
tag model_3/1 a
delete model_3/9 --yes
trash
history model_3
history EVIL.csv
scan logs/model_3/001-full.log
scan EVIL.csv
diary list
diary show 1
diary check
diary tags
diary edit 1 --status FIXED
report model_3 -o - --format md
report model_3 -o - --format html
stack model_3
stop model_3
retry NAME
watch broken --headless
watch NAME --headless
note model_3 NAME
supervise model_3
export --bundle out.zip
export --verify out.zip
status NAME
events NAME
tag NAME NAME
scan NAME
history NAME
export --verify NAME
report NAME
runs NAME --filter NAME
diary show NAME
init NAME/x
serve NAME
NAME
--NAME
"""


def test_no_command_lets_a_control_sequence_through(hostile, capsys, monkeypatch):
    monkeypatch.setattr(
        sys.stdout, "isatty", lambda: True, raising=False
    )  # through a pipe, bytes stay as they are
    hostile_file = "evil\x1b]0;x\x07.csv"
    faults = {}
    for line in COMMANDS.split("\n"):
        for extra in (
            ([], ["--json"]) if line and not line.startswith(("NAME", "--", "report", "watch")) else ([],)
        ):
            words = [
                EVIL.replace("\x00", "") if w == "NAME" else w.replace("EVIL.csv", hostile_file)
                for w in line.split()
            ]
            if not words:
                continue
            words = [EVIL if "NAME" in word else word for word in words]
            with pytest.raises(SystemExit):
                main([*words, *extra])
            captured = capsys.readouterr()
            text = captured.out.replace("\n", "") + captured.err.replace("\n", "")
            if unwanted(text):
                faults[" ".join([line, *extra])] = unwanted(text)[:2]
    assert not faults


@pytest.mark.parametrize(
    "text",
    [
        f'[project]\noutput = "{"x"}"\n"{"k"}EVIL" = 1\n',
        "[models.\"EVIL\"]\nargs = 7\n",
        "[full]\nmin_hours = \"EVIL\"\n",
        "[notify]\non = [\"EVIL\"]\n",
        "x = EVIL\n",
        "[[rules]]\nid = \"EVIL\"\npattern = \"(\"\n",
        "[models.a.results]\nx = \"EVIL\"\n",
        "[flags]\n\"EVIL\" = false\n",
    ],
)  # fmt: skip
def test_a_setting_does_not_either(hostile, capsys, text):
    escaped = "".join(f"\\u{ord(c):04x}" for c in EVIL) if '"' in text else EVIL.replace("\r", "")
    (hostile.root / "trainer.toml").write_text(text.replace("EVIL", escaped), newline="")
    for words in (["status", "model_3"], ["check", "model_3"], ["watch", "broken", "--headless"]):
        with pytest.raises(SystemExit):
            main(words)
        captured = capsys.readouterr()
        assert unwanted((captured.out + captured.err).replace("\n", "")) == []


def test_the_project_is_hostile(hostile):
    assert read_events(hostile.model().runs()[0].events)[-1]["sentence"] == EVIL
    assert os.listdir(hostile.model().runs()[0].source)
