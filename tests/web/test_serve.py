"""`serve` as a real process: who is let in, what is refused, how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable

import aiohttp
import psutil
import pytest
from chromium import Screen
from served_world import Served
from shop import Shop

Start = Callable[..., Served]


async def status(url: str, **headers: str) -> int:
    """What a plain request gets."""
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status


async def opened(url: str, **headers: str) -> int:
    """What the request for a websocket gets: 101 when it is opened."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url, headers=headers) as wire:
                await wire.receive(timeout=20)
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def test_on_this_machine_only_its_own_pages_are_answered(serve: Start):
    served = serve("good")
    base = served.base
    assert base.startswith("http://127.0.0.1:")
    assert await status(base) == 200
    assert await status(f"{base}/static/js/textual.js") == 200
    for path in ("/", "/ws", "/static/js/textual.js"):
        assert await status(base + path, Host="evil.com") == 403
        assert await status(base + path, Origin="http://evil.com") == 403
    assert await opened(f"{base}/ws", Origin="http://evil.com") == 403
    assert await opened(f"{base}/ws", Origin=f"http://localhost:{served.port + 1}") == 403
    assert not served.windows()
    assert await opened(f"{base}/ws", Origin=base) == 101


async def test_a_token_is_asked_for_on_every_way_in(serve: Start):
    served = serve("good", "--token", "a token of ours")
    base = served.base
    for path in ("/", "/static/js/textual.js", "/download/x", "/nowhere"):
        assert await status(base + path) == 401
        assert await status(f"{base}{path}?token=wrong") == 401
    assert await opened(f"{base}/ws") == 401
    assert await opened(f"{base}/ws", Cookie="trainer-tui=a token of ours") == 401
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        url = f"{base}/?token=a%20token%20of%20ours&fontsize=20"
        async with session.get(url, allow_redirects=False) as answer:
            assert answer.status == 303 and answer.headers["Location"] == "/?fontsize=20"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "token of ours" not in cookie
        async with session.get(base) as answer:
            assert answer.status == 200 and "token" not in await answer.text()
            assert answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        # The cookie alone does not open a wire for somebody else's page.
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(f"{base}/ws", headers={"Origin": "http://evil.com"})
        async with session.ws_connect(f"{base}/ws", headers={"Origin": base}) as wire:
            assert (await wire.receive(timeout=20)).type is aiohttp.WSMsgType.BINARY


async def test_another_address_has_a_token_made(serve: Start):
    served = serve("--host", "0.0.0.0")
    assert served.token is not None and len(served.token) >= 32
    local = f"http://127.0.0.1:{served.port}"
    assert await status(local) == 401
    assert await status(f"{local}/?token={served.token}") in (200, 401)  # followed without its cookie
    code, rest = served.end(signal.SIGINT)
    assert code == 0 and served.token not in rest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_end_takes_the_windows_along(serve: Start, number: int):
    served = serve("good")
    async with aiohttp.ClientSession() as session:
        wires = [await session.ws_connect(f"{served.base}/ws") for _ in range(2)]
        for wire in wires:
            await wire.receive(timeout=20)
        windows = served.windows()
        assert len(windows) == 2
        code, rest = await asyncio.to_thread(served.end, number)
    assert code == 0 and "Traceback" not in rest and "Unknown child" not in rest, rest
    assert not any(window.is_running() for window in windows)


async def test_without_a_model_all_runs_are_shown_and_keys_reach_them(serve: Start):
    served = serve()
    screen = Screen()
    wide = f"{served.base}/ws?width=120&height=36"
    async with aiohttp.ClientSession() as session, session.ws_connect(wide) as wire:
        end = time.monotonic() + 30
        while not (screen.find("#1 quick") and screen.find("#2 full") and screen.find("q Quit")):
            assert time.monotonic() < end, "\n".join(screen.lines())
            message = await wire.receive(timeout=20)
            assert message.type is aiohttp.WSMsgType.BINARY, "\n".join(screen.lines())
            screen.feed(message.data.decode("utf-8", "replace"))
        await wire.send_json(["stdin", "q"])
        while (await wire.receive(timeout=20)).type is aiohttp.WSMsgType.BINARY:
            assert time.monotonic() < end + 20, "it did not leave"
        assert wire.closed


async def test_windows_leave_when_the_server_is_killed(serve: Start):
    served = serve("good")
    async with aiohttp.ClientSession() as session:
        wire = await session.ws_connect(f"{served.base}/ws")
        await wire.receive(timeout=20)
        windows = served.windows()
        assert len(windows) == 1
        await asyncio.to_thread(served.end, signal.SIGKILL)
    gone, alive = await asyncio.to_thread(psutil.wait_procs, windows, 15)
    assert gone and not alive


async def test_a_closed_page_ends_its_process(serve: Start):
    served = serve("good")
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{served.base}/ws") as wire:
            await wire.receive(timeout=20)
            windows = served.windows()
        _, alive = await asyncio.to_thread(psutil.wait_procs, windows, 15)
    assert len(windows) == 1 and not alive


def test_refusals_are_one_sentence(ended: Shop, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = ended.refused("serve", "good", "--port", port)
        assert f"port {port} cannot be used" in said and len(said.splitlines()) == 1
    assert "no run named 'nobody'" in ended.refused("serve", "nobody")
    assert "did you mean good?" in ended.refused("serve", "goood")
    assert "8 characters" in ended.refused("serve", "good", "--token", "short")
    assert "cannot be used" in ended.refused("serve", "good", "--host", "203.0.113.7")
    fresh = Shop(tmp_path)
    fresh.model("m", "")
    assert "there is no run yet" in fresh.refused("serve")
    assert "no run yet" in fresh.refused("serve", "m")


def test_the_missing_package_is_named(ended: Shop):
    hidden = ended.write("hidden/textual_serve/__init__.py", "raise ImportError('not here')").parents[1]
    done = ended.run("serve", "good", PYTHONPATH=str(hidden))
    assert done.returncode == 2 and "pip install 'trainer-tui[web]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_of_any_words_reaches_no_shell(tmp_path):
    from trainer_tui.cli.door import Door
    from trainer_tui.cli.web import GuardedServer

    witness = tmp_path / "was here"
    words = [
        sys.executable,
        "-c",
        "import sys; sys.exit(len(sys.argv) != 2)",
        f"$(touch '{witness}'); touch x",
    ]
    server = GuardedServer(words, "t", Door("", frozenset(), "127.0.0.1", False))

    async def run() -> int:
        return await (await asyncio.create_subprocess_shell(server.command, cwd=tmp_path)).wait()

    began = time.monotonic()
    assert asyncio.run(run()) == 0 and time.monotonic() - began < 30
    assert list(tmp_path.iterdir()) == []
