"""Nasty names through every place where a text becomes an argument of a program or part of a path."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from catalog_world import Yard
from shop import Shop

from trainer_tui.cli.app import main
from trainer_tui.runs.occasions import Occasion
from trainer_tui.supervise.git import git_state
from trainer_tui.supervise.notify import filled

NASTY = {
    "shell": "$(touch WITNESS)`touch WITNESS`; touch WITNESS | touch WITNESS & ",
    "newline": "x\ntouch WITNESS\n",
    "option": "--output=WITNESS",
    "long": "a" * 5000,
    "bytes": "caf\udce9\udcff",
    "up": "../../WITNESS",
    "absolute": "WITNESS",
    "signs": "  '\"'\\' *?[a-z]{a,b}~ {title}%s%n{0.__class__} ${HOME}$IFS \u202egnp\u2066 \x1b]0;x\x07 ",
    "home": "~/WITNESS",
}

USES = """
status NAME
status -- NAME
watch NAME --headless
watch --headless --name NAME -- true-that-is-nowhere
watch --headless -- NAME
events NAME
check NAME
stop NAME
note model_3 NAME
skip NAME --why NAME
tag model_3/1 NAME
tag NAME NAME
untag model_3/1 NAME
runs NAME
runs --filter NAME
compare NAME model_3/1
delete NAME --yes
restore NAME
history NAME
history --from NAME
history model_3 --format NAME
report NAME -o -
scan NAME
scan --rules NAME logs/model_3/001-full.log
log NAME
stack NAME
diary show NAME
diary list --tag NAME
diary add NAME
diary edit 1 --tag NAME --text NAME
diary edit NAME --status FIXED
export --bundle out.zip NAME
export --verify NAME
serve NAME
serve --host NAME
retry NAME
supervise NAME
NAME
"""


@pytest.fixture
def yard(tmp_path, monkeypatch) -> Yard:
    place = Yard(tmp_path / "project")
    for _ in range(2):
        place.ended().source.mkdir()
    (place.output / "dev_diary.md").write_text("# Dev Diary\n\n## Dev Diary Entry #1\n\n**Status**: OPEN\n")
    (place.root / "models").mkdir()
    monkeypatch.chdir(place.root)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDITOR", "true")
    return place


def everything(root: Path) -> set[str]:
    return {str(path) for path in root.rglob("*")}


@pytest.mark.parametrize("kind", NASTY)
def test_a_nasty_name_is_a_name(yard, tmp_path, capfd, kind):
    witness = tmp_path / "witness"
    name = NASTY[kind].replace("WITNESS", str(witness) if "../" not in NASTY[kind] else "witness")
    before = everything(tmp_path)
    for line in filter(None, USES.split("\n")):
        words = [name if word == "NAME" else word for word in line.split()]
        with pytest.raises(SystemExit) as left:
            main(words)
        said = capfd.readouterr()
        assert left.value.code in (0, 1, 2, 3, 6), (line, said.err)
        assert "Traceback" not in said.err and len(said.err) < 12_000, line
        assert not witness.exists(), line
    new = {
        path
        for path in everything(tmp_path) - before
        if "/project/output/" not in path and "/state" not in path
    }
    assert {
        path for path in new if not path.startswith((f"{yard.root}/out.zip", f"{yard.root}/logs"))
    } == set(), kind


@pytest.mark.parametrize("kind", [kind for kind in NASTY if kind not in ("up", "long")])
@pytest.mark.parametrize("command", [["history", "model_3", "-o"], ["report", "model_3", "-o"]])
def test_a_nasty_file_name_is_that_file(yard, tmp_path, capfd, kind, command):
    name = NASTY[kind].replace("WITNESS", "w")
    before = everything(tmp_path)
    with pytest.raises(SystemExit) as left:
        main([*command, name])
    said = capfd.readouterr()
    new = everything(tmp_path) - before
    assert "Traceback" not in said.err
    assert len(new) <= 1 and (left.value.code or new <= {os.path.join(yard.root, name.rstrip("/"))}), (
        new,
        said.err,
    )


@pytest.mark.parametrize(
    "editor", ["", " ", "'", "true 'a b' \"$(touch w)\"", "false; touch w", "/nowhere/x"]
)
def test_an_editor_is_a_program_with_its_arguments(yard, monkeypatch, capfd, editor):
    monkeypatch.setenv("VISUAL", editor)
    with pytest.raises(SystemExit) as left:
        main(["diary", "edit", "1"])
    assert "Traceback" not in capfd.readouterr().err and left.value.code in (0, 1, 2)
    assert not (yard.root / "w").exists()


def test_what_is_filled_into_a_notification_is_no_option_and_no_file():
    def said(word: str, text: str) -> str:
        return filled((word,), Occasion(kind="failed", title="t", text=text, run="r", bad=True))[0]

    assert said("{text}", "--help") == " --help" and said("{text}", "@/etc/passwd") == " @/etc/passwd"
    assert said("--body={text}", "-x") == "--body=-x" and said("{text}", "a -x {title}") == "a -x {title}"


def test_a_repository_with_a_nasty_name(tmp_path):
    for name in ("--upload-pack=touch w", "$(touch w)", "a\nb"):
        folder = tmp_path / name
        folder.mkdir()
        assert git_state(folder) == {}
    assert not (tmp_path / "w").exists()


def test_a_real_run_gives_every_text_as_it_is(shop: Shop):
    """Arguments, variables, tags, notes and the notification of one run, none through a shell."""
    texts = [text.replace("WITNESS", "w") for kind, text in NASTY.items() if kind not in ("bytes", "long")]
    code = "import json, sys; open(sys.argv[1], 'w').write(json.dumps(sys.argv[2:]))"
    command = json.dumps([sys.executable, "-c", code, "told.json", "{text}", "{title}; touch w"])
    text = "".join(f"{text}\n" for text in texts)
    shop.write(
        "trainer.toml",
        f"[notify]\non = ['ended', 'failed']\ncommand = {command}\n[models.job.env]\nNASTY = {json.dumps(text)}\n",  # noqa: E501
    )
    shop.write(
        "job.py",
        "import json, os, sys; json.dump([sys.argv[1:], os.environ['NASTY']], open('got.json', 'w'))\n",
    )
    shop.run("watch", "--headless", "--name", "job", "--", sys.executable, "job.py", *texts)
    assert json.loads((shop.root / "got.json").read_text()) == [texts, text]
    assert not list(shop.root.glob("**/w")) and (shop.root / "told.json").exists()
