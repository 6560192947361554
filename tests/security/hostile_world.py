"""A project in which everything that has a text has a hostile one."""

from __future__ import annotations

import json
import re

import pytest
from catalog_world import Yard

from trainer_tui.runs.events import EventLog

EVIL = (
    "\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil\x1b\\x\x1b]9;told\x07\x1b]777;notify;a;b\x07"
    "\x1bP1$r\x1b\\\x1b[2J\x1b[?1049h\x1bc\x9d0;c1\x9c\x9b31m\x90q\x9c\u202egnp.exe\u2066\u2069\u200f\rgone\x08\x08\x7f\x0b\x0c"
)
"""OSC 0, 52, 8, 9 and 777, DCS, CSI, a reset, the same with C1 controls, direction overrides, CR and BS."""

UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


@pytest.fixture
def hostile(tmp_path, monkeypatch) -> Yard:
    """A project in which everything that has a text has this one."""
    yard = Yard(tmp_path)
    git = {"commit": "0a" * 20 + EVIL, "dirty": True, "branch": EVIL}
    for number in (1, 2):
        run = yard.ended(
            reason="exception", user=EVIL, host=EVIL, git=git, command=["python", EVIL], env={EVIL: EVIL},
            created=EVIL, python=EVIL, plan={"env": {EVIL: EVIL}, "main_metric": EVIL, "command": ["p", EVIL]},  # noqa: E501
        )  # fmt: skip
        incident = {
            "id": EVIL, "severity": "error", "kind": EVIL, "message": EVIL, "fate": "confirmed", "rule": EVIL,
            "excerpt": f"a\n{EVIL}\n", "frames": [EVIL], "hypotheses": [EVIL], "facts": {EVIL: EVIL, "machine": EVIL},  # noqa: E501
        }  # fmt: skip
        gates = [{"name": EVIL, "state": "failed", "sentence": EVIL, "advice": EVIL}]
        events = EventLog(run.events)
        for kind, fields in {
            "incident": {"incident": incident},
            "note": {"text": EVIL, "by": EVIL},
            "blind": {"source": EVIL, "why": EVIL},
            "diary": {"entry": 1, "incident": EVIL},
            "control": {"id": EVIL, "request": "note", "outcome": EVIL},
            "history": {"source": EVIL, "format": EVIL, "path": EVIL},
            "restart": {"again": False, "why": EVIL},
            "gates": {"results": gates},
            "forecast": {"sentence": EVIL, "seconds": 5, "bytes": 5},
            "ended": {"reason": EVIL, "sentence": EVIL},
        }.items():
            events.append(kind, **fields)
        run.history.write_text(
            f"epoch,train_loss,{EVIL!s}\n1,0.5,{EVIL}\n2,0.4,3\n".replace("\r", ""), newline=""
        )
        run.results.write_text(f"medals,{EVIL}\n1,{EVIL}\n", newline="")
        run.source.mkdir()
        (run.source / f"a{number}\x1b]0;x\x07.py").write_text(f"x = {number} # {EVIL}\n")
        (run.path / "tags.json").write_text(json.dumps({"tags": [EVIL], "note": EVIL}))
        (run.path / "environment.json").write_text(json.dumps({EVIL: EVIL + str(number)}))
        run.log().write_text(f"epoch 1\n{EVIL}\nValueError: {EVIL}\n", newline="")
    entry = (
        f"# Dev Diary\n\n## Dev Diary Entry #1: {EVIL}\n\n**Date**: {EVIL}\n**Model**: {EVIL}\n**Run**: model_3/001-full\n"  # noqa: E501
        f"**Tags**: {EVIL}\n\n### The Struggle\n\n{EVIL}\n\n**Status**: OPEN\n"
    )
    (yard.output / "dev_diary.md").write_text(entry.replace("\r", ""), newline="")
    (tmp_path / "evil\x1b]0;x\x07.csv").write_text("a,b\n1,2\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/broken.py").write_text(f"x = ({EVIL}\n".replace("\r", ""), newline="")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return yard


def unwanted(text: str) -> list[str]:
    """Where in a text is what a terminal would obey."""
    return [text[max(0, m.start() - 40) : m.end() + 20] for m in UNWANTED.finditer(text)]
