"""`report`: where the page goes, in which format, and what is refused."""

from __future__ import annotations

import os
import threading

import pytest
from shop import FAILS, GOOD, Shop


@pytest.fixture
def ran(shop: Shop) -> Shop:
    """A project whose model `good` has run."""
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    return shop


def test_formats_and_places(ran: Shop):
    assert ran.ok("report", "good") == ""
    html = (ran.root / "good-001.html").read_text()
    assert html.startswith("<!DOCTYPE html>") and "<title>good #1 to #2: passed</title>" in html
    assert ran.ok("report", "good", "-o", "-") == html
    assert ran.ok("report", "models/good.py", "--run", "1", "-o", "-") == html
    ran.ok("report", "good", "-o", "page.md")
    text = (ran.root / "page.md").read_text()
    assert (
        text.startswith("# ✔ good #1 to #2: passed")
        and ran.ok("report", "good", "--format", "md", "-o", "-") == text
    )
    ran.ok("report", "good", "--format", "md", "-o", "page.txt")
    assert (ran.root / "page.txt").read_text() == text
    fifo = ran.root / "pipe"
    os.mkfifo(fifo)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_text()))
    reader.start()
    ran.ok("report", "good", "-o", "pipe")
    reader.join(10)
    assert read == [html] and fifo.is_fifo()


def test_refusals(ran: Shop):
    assert "'pdf' is unknown; --format takes html, md" in ran.refused("report", "good", "--format", "pdf")
    assert "there is no folder nowhere" in ran.refused("report", "good", "-o", "nowhere/a.html")
    assert "models is a folder" in ran.refused("report", "good", "-o", "models")
    assert "no model and no run named 'other'" in ran.refused("report", "other")
    assert "good has no run 9" in ran.refused("report", "good", "--run", "9")
    ran.model("fresh", GOOD)
    assert "fresh has no run yet" in ran.refused("report", "fresh")


def test_a_failure_and_its_diary_are_on_the_page(shop: Shop):
    shop.model("bad", FAILS)
    shop.ok("watch", "bad", "--headless", code=1)
    text = shop.ok("report", "bad", "--format", "md", "-o", "-")
    assert text.startswith("# ✘ bad #1: exception\n\nValueError: the learning rate is negative")
    assert 'raise ValueError("the learning rate is negative")' in text
    assert "### Dev Diary Entry #1" in text and "## Diary" in text
