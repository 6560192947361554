"""The commands about runs in general, on run folders of real watches."""

from __future__ import annotations

import json

from shop import FAILS, GOOD, SLOW, Shop, until


def test_labels_comparison_and_trash(shop: Shop) -> None:
    """One good watch with its two runs is enough for all of them."""
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")

    assert shop.ok("tag", "good/1", "paper", "#lr,first", "--note", "the one in the talk").splitlines() == [
        "good/001-quick  #paper #lr #first",
        "the one in the talk",
    ]
    assert shop.json("tag", "good/001-quick", "--remove", "LR") == {
        "run": "good/001-quick", "tags": ["paper", "first"], "note": "the one in the talk",
    }  # fmt: skip
    assert "no tags" in shop.ok("tag", "good")
    listed = shop.json("runs")
    assert [(run["name"], run["tags"], run["note"]) for run in listed] == [
        ("good/001-quick", ["paper", "first"], "the one in the talk"),
        ("good/002-full", [], ""),
    ]
    assert [run["name"] for run in shop.json("runs", "--filter", "tag:paper")] == ["good/001-quick"]
    first, whole = listed[0], shop.json("runs", "--whole")[0]
    told = {*first} - {"last", "best", "best_at", "metric", "steps", "total", "unseen", "suspected"}
    assert {name: first[name] for name in told & {*whole}} == {name: whole[name] for name in told & {*whole}}
    assert first["last"] == {"val_loss": whole["last"]["val_loss"]} and whole["gates"] and first["passed"]
    assert "--whole is for --json" in shop.refused("runs", "--whole")
    assert "#paper" in shop.ok("runs") and "val_loss" in shop.ok("runs", "good", "--filter=-tag:paper")
    assert "no run has all" in shop.ok("runs", "--filter", "nonsense")

    compared = shop.json("compare", "good/1", "good")
    assert (compared["left"], compared["right"]) == ("good/001-quick", "good/002-full")
    assert "phase" in [row["name"] for row in compared["configuration"]] and compared["patch"] == ""
    told = shop.ok("compare", "good/1", "good/2")
    assert "Configuration" in told and "quick" in told and "end" in told

    assert shop.ok("trash").strip() == "the trash is empty"
    assert "--yes says" in shop.refused("delete", "good/1")
    assert shop.json("delete", "good/1", "--yes") == [{"run": "good/001-quick", "deleted": True, "why": ""}]
    assert not (shop.root / "logs/good/001-quick.log").exists()
    assert [run["name"] for run in shop.json("runs")] == ["good/002-full"]
    assert [run["run"] for run in shop.json("trash")] == ["good/001-quick"]
    assert "good/001-quick is back" in shop.ok("restore", "good/1")
    assert (shop.root / "logs/good/001-quick.log").exists()
    assert "is not in the trash" in shop.refused("restore", "good/1")
    shop.ok("delete", "good/1", "good/2", "--yes")
    assert shop.json("trash", "--empty", "--yes") == {"deleted": 2}
    shop.ok("watch", "good", "--headless")
    assert [run["number"] for run in shop.json("runs")] == [3, 4], "no number is used again"


def test_a_living_run_is_not_deleted(shop: Shop) -> None:
    shop.model("slow", SLOW)
    shop.start("watch", "slow", "--headless")
    until(lambda: shop.full_runs("slow"))
    done = shop.run("delete", "slow/1", "slow/2", "--yes", "--json")
    assert done.returncode == 1
    answers = json.loads(done.stdout)
    assert [answer["deleted"] for answer in answers] == [True, False]
    assert "still running" in answers[1]["why"] and "still running" in done.stderr
    assert (shop.root / "output/slow/002-full/run.json").exists()
    shop.ok("stop", "slow")


def test_runs_that_are_not_there(shop: Shop) -> None:
    shop.model("fails", FAILS)
    shop.ok("watch", "fails", "--headless", code=1)
    for words in (("tag", "fails/9"), ("compare", "fails/1", "fails/9"), ("delete", "fails/9", "--yes")):
        assert "fails has no run 9" in shop.refused(*words)
    assert "no model and no run" in shop.refused("tag", "nobody/1")
    assert shop.json("runs", "--filter", "status:failed")[0]["reason"] == "exception"
