"""What a user can get wrong: one clear sentence, exit code 2, and nothing lost."""

from __future__ import annotations

import shutil
import subprocess

from shop import GOOD, PROGRAM, Shop

HOSTILE = """
import sys
out = sys.stdout.buffer
out.write(b"\\xff\\xfe not utf-8 \\x80\\n")
out.write(b"nul \\0 and \\x1b[31mred\\x1b[0m and \\x1b]0;title\\x07 \\x1b[2J\\n")
out.write(b"x" * (50 << 20) + b"\\n")
out.write(b"progress 1\\rprogress 2\\r")
out.flush()
raise RuntimeError("broken \\x1b[31mhere\\x1b[0m \\u202e")
"""


def test_unknown_names(shop: Shop):
    shop.model("model_1", GOOD)
    shop.model("model_2", GOOD)
    assert "there is no model 'modle_1' in models/; did you mean model_1" in shop.refused("watch", "modle_1")
    assert "did you mean" in shop.refused("watch", "models/modle_1.py")
    assert "did you mean model_1" in shop.refused("status", "modle_1")
    assert "model_1 has no run yet; `trainer-tui watch model_1` starts one" in shop.refused(
        "status", "model_1"
    )
    for command in ("check", "stop", "history", "retry"):
        assert "no model" in shop.refused(command, "nonesuch"), command
    for name in ("../evil", ""):
        assert shop.run("status", "--", name).returncode == 2, name
    assert not (shop.root / "output").exists()


def test_options_that_make_no_sense(shop: Shop):
    shop.model("good", GOOD)
    assert "say what to watch" in shop.refused("watch")
    assert "say what to watch" in shop.refused("watch", "good", "--", "true")
    assert "'never' is unknown; allowed: failure, gate, end" in shop.refused(
        "watch", "good", "--until", "never"
    )
    assert "needs a written reason" in shop.refused("watch", "good", "--skip-quick", "  ")
    assert "a command has no quick phase" in shop.refused("watch", "--skip-quick", "x", "--", "true")
    assert "--name names a command" in shop.refused("watch", "good", "--name", "x")
    assert "No such option" in shop.refused("watch", "good", "--bogus")
    assert "No such command" in shop.refused("bogus")
    assert "Missing argument" in shop.refused("check")
    assert "not a valid int" in shop.refused("check", "good", "--run", "x")


def test_a_syntax_error_is_found_before_anything_starts(shop: Shop):
    shop.model("bad", "x = 1\nif x\n    print(x)\n")
    said = shop.refused("watch", "bad", "--headless")
    assert "models/bad.py:2: expected ':', in `if x`; put this line right" in said
    assert not (shop.root / "output/bad").exists()


def test_wrong_settings(shop: Shop):
    shop.model("good", GOOD)
    shop.write("trainer.toml", "[full]\nmin_hours = 0\n[quick]\nscael = 0.5\nmax_minutes = 'ten'\n")
    said = shop.refused("watch", "good", "--headless")
    assert "trainer.toml:4: quick.scael" in said and "scale" in said
    assert "trainer.toml:5: quick.max_minutes" in said
    shop.write("trainer.toml", "[full\n")
    assert "trainer.toml:1" in shop.refused("watch", "good")
    shop.write("trainer.toml", "[full]\nmin_hours = 0\n[index]\nurl = 'nonsense://x'\n")
    assert "the run index cannot be made at nonsense://x" in shop.refused("runs", "--rebuild")


def test_no_models_folder(shop: Shop):
    assert "there is no models/ folder" in shop.refused("watch", "good")
    (shop.root / "trainer.toml").unlink()
    for words in (("watch", "good"), ("status",), ("runs",), ("stop", "good")):
        assert "`trainer-tui init` makes both here" in shop.refused(*words)


def test_an_output_that_takes_no_files(shop: Shop):
    shop.model("good", GOOD)
    shop.write("output", "a file")
    assert "output is in the way" in shop.refused("watch", "good", "--headless")
    shop.write("trainer.toml", "[project]\noutput = '/proc/nowhere'\n")
    shop.environ["TRAINER_TUI_ALLOW"] = "/proc"
    assert "cannot be written to" in shop.refused("watch", "good", "--headless")


def test_a_folder_moved_and_copied_after_its_end(shop: Shop):
    place = Shop(shop.root / "here")
    place.write("trainer.toml", "[full]\nmin_hours = 0\n")
    place.model("good", GOOD)
    place.write("job.py", "print(1)\n")
    place.ok("watch", "good", "--headless")
    place.ok("watch", "--headless", "--", "python3", "job.py")
    shutil.copytree(place.root, shop.root / "copy", symlinks=True)
    place.root.rename(shop.root / "there")
    for name in ("copy", "there"):
        moved = Shop(shop.root / name)
        state = moved.json("status", "good")
        assert state["passed"] and state["log"] == f"{moved.root}/logs/good/002-full.log"
    assert moved.json("check", "good", code=3)["reason"] == "passed"
    assert "job #2 full (5B) ✔ passed" in moved.ok("watch", "job")


def test_a_hostile_log(shop: Shop):
    shop.model("hostile", HOSTILE)
    out = shop.ok("watch", "hostile", "--headless", code=1)
    assert "Error: RuntimeError: broken here" in out
    assert not any(sign in out for sign in "\x1b\0\u202e") and len(out) < 20_000
    assert shop.lines("watch", "hostile", "--attach", code=1)[-1]["report"]["kind"] == "exception"
    text = shop.ok("events", "hostile") + shop.ok("status", "hostile", code=1)
    assert not any(sign in text for sign in "\x1b\0\u202e")


def test_damaged_run_folders(shop: Shop):
    """Files that somebody edited, cut or emptied cost what they say, and no more."""
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    run = shop.root / "output/good/002-full"
    (run / "telemetry.csv").write_bytes(b"\xff\0,,\n")
    with (run / "events.jsonl").open("ab") as events:
        events.write(b'{"no": "kind"}\nnot json\n[1]\n{"kind": "of a newer version", "time": "later"}\n')
        events.write(b'{"kind": "of a newer version", "time": 7}\n{"kind": "ended", "rea')
    (run / "progress.json").write_text("[]")
    assert shop.json("status", "good")["passed"]
    assert '"kind": "of a newer version"' in shop.ok("events", "good", "--json")
    shop.ok("events", "good")
    (run / "run.json").write_text("{}")
    for words in (("status",), ("runs",), ("check", "good")):
        shop.run(*words)  # any answer but a traceback
    shutil.rmtree(run)
    (shop.root / "output/good/003-quick").mkdir()
    assert shop.json("status", "good")["name"] == "good/001-quick"
    assert shop.lines("watch", "good", "--until", "gate")[0]["attached"]


def test_a_full_device(shop: Shop):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, "-h"], cwd=shop.root, env=shop.environ, stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (
        done.returncode == 2 and "No space left on device" in done.stderr and "Traceback" not in done.stderr
    )
