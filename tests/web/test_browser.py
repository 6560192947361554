"""The dashboard in a real browser: it is drawn, a click is felt, leaving is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import PROGRAM, browser
from served_world import Served

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")

HELP = "write up what broke"


async def test_a_click_in_the_browser_is_a_click_in_the_dashboard(
    serve: Callable[..., Served], tmp_path: Path
):
    served = serve("good", "--token", "new")
    async with browser(tmp_path / "profile") as page:
        await page.open(f"{served.base}/?token={served.token}")
        await page.until(lambda: page.screen.find("? Help") and page.screen.find("good #2 full (5B)"))
        assert page.screen.find("passed") and page.screen.find(HELP) is None
        before = await page.picture(tmp_path / "before.png")
        await page.click_until("? Help", lambda: page.screen.find(HELP))
        after = await page.picture(tmp_path / "after.png")
        assert before != after and min(len(before), len(after)) > 20_000, "nothing is drawn"
        assert await page.value("location.search") == ""
        assert await page.value("document.body.classList.contains('-closed')") is False
        await page.press("Escape", 27)
        await page.until(lambda: not page.screen.find(HELP))
        await page.press("q", 81)
        await page.shown(".closed")
        assert not await page.value(
            "performance.getEntriesByType('resource').some(e => !e.name.startsWith(location.origin))"
        )
