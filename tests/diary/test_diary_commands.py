"""`trainer-tui diary …`: the real program on a real diary."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from shop import FAILS, GOOD, Shop

OLD = """# Dev Diary\r
\r
Kept by hand.\r
\r
## 🔥 Dev Diary Entry #1: singular matrix\r
\r
**Date**: 2026-01-25 12:00\r
**Model**: sir\r
**Tags**: data, mle\r
\r
### The Struggle\r
\r
LinAlgError <b>bold</b>\r
\r
### The Fix\r
\r
```python\r
## Dev Diary Entry #9\r
```\r
\r
**Status**: ✅ RESOLVED\r
\r
## Hyperparameter Search Log\r
\r
| a |\r
"""


@pytest.fixture
def diary(shop: Shop) -> Path:
    return shop.write("output/dev_diary.md", OLD.encode())


def untouched(shop: Shop, path: Path, *words: str, code: int = 0) -> str:
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino, sorted(path.parent.iterdir())
    out = shop.ok(*words, code=code)
    assert before == (
        path.read_bytes(),
        path.stat().st_mtime_ns,
        path.stat().st_ino,
        sorted(path.parent.iterdir()),
    )
    return out


def test_reading_never_changes_the_file(shop: Shop, diary: Path) -> None:
    assert "#1" in untouched(shop, diary, "diary", "list")
    (row,) = json.loads(untouched(shop, diary, "diary", "list", "--json"))
    assert (row["number"], row["title"], row["model"], row["kind"]) == (
        1,
        "singular matrix",
        "sir",
        "struggle",
    )
    assert row["tags"] == ["data", "mle"] and row["status"] == "✅ RESOLVED" and row["complete"] is False
    text = OLD[OLD.index("## 🔥") : OLD.index("## Hyper")]
    assert json.loads(untouched(shop, diary, "diary", "show", "1", "--json"))["text"] == text
    assert untouched(shop, diary, "diary", "show", "#1").replace("\n", "\r\n") == text
    assert (
        untouched(shop, diary, "diary", "show", "1", "--section", "the struggle").strip()
        == "LinAlgError <b>bold</b>"
    )
    assert "is empty" not in untouched(shop, diary, "diary", "check", "1", code=3)
    assert (
        untouched(shop, diary, "diary", "export", "--format", "md").encode().replace(b"\n", b"\r\n")
        == diary.read_bytes()
    )
    assert "no entry '7'" in shop.refused("diary", "show", "7")
    assert "no section 'nothing'" in shop.refused("diary", "show", "1", "--section", "nothing")


def test_filters(shop: Shop, diary: Path) -> None:
    shop.ok("diary", "add", "--title", "slow loader", "--tag", "io", "--text", "workers starve")
    rows = lambda *words: [row["number"] for row in shop.json("diary", "list", *words)]  # noqa: E731
    assert rows() == [1, 2]
    assert rows("--status", "open") == [2] and rows("--status", "resolved") == [1]
    assert rows("--tag", "MLE") == [1] and rows("--tag", "io") == [2] and rows("--model", "sir") == [1]
    assert rows("--search", "starve WORKERS") == [2] and rows("--kind", "struggle") == [1, 2]
    assert rows("--kind", "note") == []
    assert "no entry" in shop.ok("diary", "list", "--tag", "none")


def test_add_and_edit_change_their_own_bytes(shop: Shop, diary: Path) -> None:
    added = shop.json("diary", "add", "--title", "NaN", "--text", "It broke.", "--tag", "lr")
    assert added["entry"] == 2
    data = diary.read_bytes()
    assert data.startswith(OLD.encode()) and b"\n" not in data.replace(b"\r\n", b"")
    lines = data.decode().splitlines()
    assert lines[added["line"] - 1] == "## Dev Diary Entry #2: NaN" and "**Tags**: lr" in lines
    done = shop.json(
        "diary",
        "edit",
        "2",
        "--section",
        "why",
        "--text",
        "Because.",
        "--status",
        "✅ RESOLVED",
        "--tag",
        "nan",
    )
    assert done["outcome"] == "saved"
    new = diary.read_text()
    assert (
        "Because." in new
        and "**Tags**: lr, nan" in new
        and "**Status**: ✅ RESOLVED" in new.split("#2: NaN")[1]
    )
    assert diary.read_bytes().startswith(OLD.encode())
    assert shop.json("diary", "edit", "2", "--section", "why", "--text", "Because.")["outcome"] == "unchanged"
    shop.ok("diary", "edit", "2", "--section", "why", "--text", "And more.", "--append")
    assert "Because.\r\n\r\nAnd more.\r\n" in diary.read_bytes().decode()
    assert "which section" in shop.refused("diary", "edit", "2", "--text", "x")
    assert "has head" in shop.refused("diary", "edit", "2", "--section", "nothing", "--text", "x")


EDITOR = """
import sys
from pathlib import Path
file = Path(sys.argv[-1])
text = file.read_bytes().decode()
{body}
file.write_bytes(text.encode())
"""


def editor(shop: Shop, body: str) -> str:
    script = shop.write("editor.py", EDITOR.format(body=body))
    return f"{sys.executable} {script}"


def test_an_editor(shop: Shop, diary: Path) -> None:
    shop.ok(
        "diary", "edit", "1", EDITOR=editor(shop, "text = text.replace('LinAlgError', 'A matrix')"), VISUAL=""
    )
    assert diary.read_bytes() == OLD.replace("LinAlgError", "A matrix").encode()
    shop.ok("diary", "edit", "1", "--section", "struggle", EDITOR=editor(shop, "text = 'short'"), VISUAL="")
    assert diary.read_bytes() == OLD.replace("LinAlgError <b>bold</b>", "short").encode()
    out = shop.ok("diary", "edit", "1", EDITOR=editor(shop, ""), VISUAL="")
    assert "as it was" in out
    failed = shop.run(
        "diary", "edit", "1", EDITOR=editor(shop, "file.write_text('mine'); sys.exit(3)"), VISUAL=""
    )
    kept = Path(failed.stderr.split("what you wrote is in ")[1].splitlines()[0])
    assert failed.returncode == 2 and kept.read_text() == "mine" and "exit code 3" in failed.stderr
    kept.unlink()
    assert diary.read_bytes() == OLD.replace("LinAlgError <b>bold</b>", "short").encode()


def test_an_editor_while_the_file_changes(shop: Shop, diary: Path) -> None:
    def both(mine: str, theirs: str, code: int) -> str:
        diary.write_bytes(OLD.encode())
        body = (
            f"diary = Path({str(diary)!r}); diary.write_bytes(diary.read_bytes().replace({theirs}))\n"
            f"text = text.replace({mine})"
        )
        shop.ok("diary", "edit", "1", code=code, EDITOR=editor(shop, body), VISUAL="")
        return diary.read_text()

    merged = both(
        "'Error <b>', 'Error: <b>'", "b'x()', b'y()'".replace("x()", "```python").replace("y()", "```py"), 0
    )
    assert "Error: <b>" in merged and "```py\n" in merged and "conflict" not in merged
    twice = both("'Error <b>', 'Error: <b>'", "b'Error <b>', b'Error, <b>'", 3)
    assert "Error: <b>" in twice and "Error, <b>" in twice and "<!-- conflict: end -->" in twice
    (row, *_) = [
        each for each in shop.json("diary", "check", code=3)["advice"] if "two versions" in each["sentence"]
    ]
    assert twice.splitlines()[row["line"] - 1].startswith("<!-- conflict")


def test_check_and_its_exit_code(shop: Shop, diary: Path) -> None:
    report = shop.json("diary", "check", code=3)
    assert report["clean"] is False and {row["entry"] for row in report["advice"]} == {1}
    told = shop.ok("diary", "check", code=3)
    assert "dev_diary.md:5: entry #1 has no section The Investigation → " in told
    diary.write_text("<<<<<<< HEAD\n" + OLD + "=======\n>>>>>>> b\n")
    assert "dev_diary.md:1: the diary holds a merge of git" in shop.ok("diary", "check", code=3)
    diary.write_text("# Dev Diary\n")
    assert "nothing is missing" in shop.ok("diary", "check")


def test_exports(shop: Shop, diary: Path) -> None:
    document = json.loads(shop.ok("diary", "export", "--json"))
    (entry,) = document["entries"]
    assert entry["sections"]["struggle"].strip() == "LinAlgError <b>bold</b>"
    shop.ok("diary", "export", "-o", "diary.html")
    page = (shop.root / "diary.html").read_text()
    assert "&lt;b&gt;bold" in page and "<b>bold" not in page and "#1 singular matrix" in page
    assert "Hyperparameter Search Log" in page and "Kept by hand." in page
    shop.ok("diary", "export", "-o", "copy.md")
    assert (shop.root / "copy.md").read_bytes() == diary.read_bytes()
    assert "'pdf' is unknown" in shop.refused("diary", "export", "--format", "pdf")
    assert "singular" not in shop.ok("diary", "export", "--format", "html", "--tag", "other")


def test_from_an_incident_to_its_entry_and_back(shop: Shop) -> None:
    shop.model("bad", FAILS)
    shop.ok("watch", "bad", "--headless", code=1)
    shown = shop.json("diary", "show", "bad/1", "--incident")
    found = shown["incident_record"]
    assert shown["run"] == "bad/001-quick" == found["run"] and shown["kind"] == found["kind"] == "exception"
    assert "the learning rate is negative" in found["message"] and Path(found["log"]).is_file()
    back = shop.json("diary", "show", found["id"])
    assert back["number"] == shown["number"]
    told = shop.ok("diary", "show", "1", "--incident")
    assert f"{found['log']}:{found['line']}" in told and f"Incident {found['id']} of bad/001-quick" in told
    assert shop.json("diary", "list", "--kind", "exception")[0]["number"] == shown["number"]
    assert shop.json("diary", "add", "bad")["entry"] == 2
    assert "**Run**: bad/001-quick" in shop.ok("diary", "show", "2")
    assert "no model and no run named 'nobody'" in shop.refused("diary", "add", "nobody")


def test_a_search_log(shop: Shop, diary: Path) -> None:
    shop.write("trials.csv", "lr,val_loss\n0.1,nan\n0.01,0.4\n0.001,0.6\n0.02,0.5\n0.03,0.55\n")
    done = shop.json("diary", "search-log", "trials.csv", "--model", "sir")
    assert (
        done["outcome"] == "written"
        and done["study"] == "trials"
        and done["selected"]["params"] == {"lr": 0.01}
    )
    assert diary.read_bytes().startswith(OLD.encode())
    assert diary.read_text().splitlines()[done["line"] - 1] == "<!-- search: trials -->"
    before = diary.stat().st_mtime_ns
    assert shop.json("diary", "search-log", "trials.csv", "--model", "sir")["outcome"] == "unchanged"
    assert diary.stat().st_mtime_ns == before
    assert "No such file" in shop.refused("diary", "search-log", "absent.csv")
    assert "which study" in shop.refused("diary", "search-log", "sqlite:///x.db")
    trial = '{"number": 0, "state": "complete", "value": 0.4, "algorithm": "a", "params": {"lr": 0.1}}'
    shop.write("output/sir/009-full/trials.jsonl", trial + "\n")
    done = shop.json("diary", "search-log", "output/sir/009-full", "--direction", "minimize")
    assert (done["study"], done["selected"]["params"]) == ("009-full", {"lr": 0.1})


def test_a_bundle(shop: Shop) -> None:
    shop.model("good", GOOD)
    shop.write(
        "trainer.toml",
        '[full]\nmin_hours = 0\n[models.good]\nargs = ["--api-key", "hunter2hunter2"]\n'
        '[models.good.env]\nWANDB_API_KEY = "abcdef123456"\nPLAIN = "seen"\n',
    )
    shop.ok("watch", "good", "--headless")
    shop.ok("diary", "add", "good", "--text", "fine")
    done = shop.json("export", "--bundle", "out.zip", "good")
    names = set(done["files"])
    assert {
        "dev_diary.md",
        "logs/good/001-quick.log",
        "logs/good/002-full.log",
        "runs/good/002-full/run.json",
        "runs/good/002-full/environment.json",
        "runs/good/002-full/training_history.csv",
        "runs/good/002-full/results.csv",
        "runs/good/002-full/gates.json",
        "runs/good/002-full/events.jsonl",
    } <= names
    first = (shop.root / "out.zip").read_bytes()
    shop.ok("export", "--bundle", "again.zip")
    assert (shop.root / "again.zip").read_bytes() == first
    assert "is what was packed" in shop.ok("export", "--verify", "out.zip")

    import zipfile

    with zipfile.ZipFile(shop.root / "out.zip") as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    assert texts["logs/good/002-full.log"] == (shop.root / "logs/good/002-full.log").read_bytes()
    assert texts["dev_diary.md"] == (shop.root / "output/dev_diary.md").read_bytes()
    run = texts["runs/good/002-full/run.json"].decode()
    assert "hunter2" not in run and "abcdef123456" not in run and "seen" in run and "•••" in run
    assert not any(b"abcdef123456" in text or b"hunter2" in text for text in texts.values())
    assert json.loads(texts["runs/good/002-full/gates.json"])["reason"] == "passed"

    with zipfile.ZipFile(shop.root / "bad.zip", "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text + b"x" if name == "dev_diary.md" else text)
        archive.writestr("more.txt", "x")
    told = shop.ok("export", "--verify", "bad.zip", code=1)
    assert "dev_diary.md is not what was packed" in told and "more.txt is not in the manifest" in told
    (shop.root / "torn.zip").write_bytes(first[: len(first) // 2])
    assert "damaged" in shop.ok("export", "--verify", "torn.zip", code=1)
    assert "what is to be done" in shop.refused("export")
    assert "no folder" in shop.refused("export", "--bundle", "nowhere/out.zip")


MEMORY = """
import resource, sys
from pathlib import Path
from trainer_tui.cli.archive import Item, faults_of, pack
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[2], "wb") as file:
    pack(file, [Item("big.log", Path(sys.argv[1]))], {})
assert faults_of(Path(sys.argv[2])) == []
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_log_costs_no_memory(tmp_path: Path) -> None:
    import subprocess

    with (tmp_path / "big.log").open("wb") as file:
        file.truncate(300 << 20)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "big.log"), str(tmp_path / "out.zip")],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 30_000, "KiB"
