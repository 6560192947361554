"""What is written may be read by whom it should, whatever the umask."""

from __future__ import annotations

import os
import stat

import pytest
from shop import GOOD, Shop


@pytest.mark.parametrize("mask", ["077", "000"])
def test_modes_of_everything_a_watch_leaves(shop: Shop, mask: str):
    shop.model("good", GOOD)
    shop.environ["HF_TOKEN"] = "abcdefgh1234"
    before = os.umask(int(mask, 8))
    try:
        shop.ok("watch", "good", "--headless")
        shop.ok("report", "good", "-o", "page.html")
        shop.ok("export", "--bundle", "b.zip")
    finally:
        os.umask(before)
    written = [p for top in ("output", "logs") for p in (shop.root / top).rglob("*") if not p.is_symlink()]
    written += [shop.root / "page.html", shop.root / "b.zip"]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in written}
    assert not [path for path, mode in modes.items() if mode & 0o002], "writable by everybody"
    private = [p for p in written if p.name in ("environment.json", "secrets.json", "b.zip")]
    assert private and {modes[path] for path in private} == {0o600}
    if mask == "077":
        assert not [path for path, mode in modes.items() if mode & 0o077]
    complaints = [
        p.read_text(errors="replace")
        for p in written
        if p.is_file() and p.suffix in (".json", ".jsonl", ".log")
    ]
    assert not [text for text in complaints if "abcdefgh1234" in text]
