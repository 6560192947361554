"""Chromium without a window, driven through its DevTools protocol; needs nothing but what `serve` brings."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_TOKEN = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|(\r\n|\r|\n)|(.)"
)


class Screen:
    """What a terminal shows of the bytes it was sent; as much of one as finding a word needs."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], str] = {}
        self._at = (0, 0)

    def feed(self, text: str) -> None:
        """Take what came."""
        row, column = self._at
        for to_row, to_column, line_end, sign in _TOKEN.findall(text):
            if to_row:
                row, column = int(to_row) - 1, int(to_column) - 1
            elif line_end:
                row, column = row + ("\n" in line_end), 0
            elif sign:
                self.cells[row, column] = sign
                column += 1
        self._at = row, column

    def lines(self) -> list[str]:
        """The rows as text."""
        height = max((row for row, _ in self.cells), default=-1) + 1
        width = max((column for _, column in self.cells), default=-1) + 1
        return ["".join(self.cells.get((row, c), " ") for c in range(width)) for row in range(height)]

    def find(self, text: str) -> tuple[int, int] | None:
        """Row and column of the last place where a text stands."""
        found = [(row, line.rfind(text)) for row, line in enumerate(self.lines()) if text in line]
        return found[-1] if found else None


class Page:
    """One page of the browser."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self.screen = Screen()
        self.size = (80, 24)
        """Columns and rows of the terminal in the page."""
        self._wire = wire
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._wire.send_json({"id": self._number, "method": method, "params": parameters})
        return await asyncio.wait_for(answer, 20)

    async def value(self, script: str) -> Any:
        """What a line of JavaScript says."""
        answer = await self.do("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    async def open(self, url: str) -> None:
        """Go somewhere."""
        for domain in ("Page", "Network", "Runtime"):
            await self.do(f"{domain}.enable")
        await self.do("Page.navigate", url=url)

    async def click_on(self, text: str) -> None:
        """A real click on the place where a text stands in the terminal."""
        place = self.screen.find(text)
        assert place is not None, f"{text!r} is not on the screen:\n" + "\n".join(self.screen.lines())
        box = await self.value(
            "box = document.querySelector('.xterm-screen').getBoundingClientRect();"
            "[box.x, box.y, box.width, box.height]"
        )
        columns, rows = self.size
        x = box[0] + (place[1] + 0.5) * box[2] / columns
        y = box[1] + (place[0] + 0.5) * box[3] / rows
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            await self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    async def click_until(self, text: str, question: Callable[[], object], seconds: float = 40) -> None:
        """Click on a text as a person does: once more where nothing comes of it.

        A button that is drawn anew while it is pressed feels no click, and the first second draws much anew.
        """
        end = time.monotonic() + seconds
        while True:
            await self.click_on(text)
            try:
                return await self.until(question, 4)
            except AssertionError:
                if time.monotonic() > end:
                    raise

    async def press(self, key: str, code: int) -> None:
        """A key on the keyboard; `code` as browsers number it."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            await self.do("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    async def picture(self, path: Path) -> bytes:
        """A screenshot."""
        answer = await self.do("Page.captureScreenshot", format="png")
        data = base64.b64decode(answer["data"])
        path.write_bytes(data)
        return data

    async def until(self, question: Callable[[], object], seconds: float = 25) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < end, "it did not come:\n" + "\n".join(self.screen.lines())
            await asyncio.sleep(0.05)

    async def shown(self, selector: str, seconds: float = 20) -> None:
        """Wait until an element of the page can be seen."""
        end = time.monotonic() + seconds
        while await self.value(f"getComputedStyle(document.querySelector('{selector}')).display") == "none":
            assert time.monotonic() < end, f"{selector} did not come"
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        async for message in self._wire:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said.get("result", {}))
            elif said["method"] == "Network.webSocketCreated":
                sizes = dict(re.findall(r"(width|height)=(\d+)", said["params"]["url"]))
                self.size = int(sizes.get("width", 80)), int(sizes.get("height", 24))
            elif said["method"] == "Network.webSocketFrameReceived":
                frame = said["params"]["response"]
                if frame["opcode"] == 2:
                    self.screen.feed(base64.b64decode(frame["payloadData"]).decode("utf-8", "replace"))


@contextlib.asynccontextmanager
async def browser(folder: Path, width: int = 1400, height: int = 850) -> AsyncIterator[Page]:
    """A fresh browser with one empty page; it is gone afterwards."""
    assert PROGRAM is not None
    process = subprocess.Popen(
        [
            PROGRAM,
            "--headless=new",
            "--no-sandbox",  # tests run as root in containers
            "--disable-gpu",
            "--no-first-run",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            f"--window-size={width},{height}",
            "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        port = folder / "DevToolsActivePort"
        end = time.monotonic() + 30
        while not port.exists() or not port.read_text().strip():
            assert process.poll() is None and time.monotonic() < end, "the browser did not start"
            await asyncio.sleep(0.05)
        base = f"http://127.0.0.1:{port.read_text().split()[0]}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{base}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as wire:
                yield Page(wire)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
