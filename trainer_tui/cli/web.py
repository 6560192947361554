"""The web server of `serve`: textual-serve behind a door. Needs the extra `web`.

textual-serve starts one process for each open page and carries its bytes; whom it lets in, where its pages
fetch from, and how it ends are ours.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import psutil
from aiohttp import WSCloseCode, web
from textual_serve.server import Server

from trainer_tui.cli.door import Door, own_names, same

MOST_WINDOWS = 16
"""Open pages; each is a process of some 80 MB."""

_PATIENCE_S = 8.0
"""How long the processes of open pages may take to leave."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
    "form-action 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class GuardedServer(Server):
    """A server that answers only who may come in, and leaves no process behind."""

    def __init__(self, command: list[str], title: str, door: Door) -> None:
        # The library gives its command to a shell: every word is quoted, and the shell makes way for it.
        pages = Path(__file__).with_name("web_page")
        super().__init__(f"exec {shlex.join(command)}", title=title, templates_path=pages)
        self._door = door
        self._windows: set[asyncio.Task[object]] = set()
        self._wires: WeakSet[web.WebSocketResponse] = WeakSet()
        self._pass = secrets.token_urlsafe(32)
        """What a browser is given once it has shown the token, which then stands in no address any more."""
        self._cookie = f"trainer-tui-{secrets.token_hex(4)}"

    async def application(self) -> web.Application:
        """The application with the door in front of every page, file and websocket."""
        app: web.Application = await self._make_app()

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._guard(request, handler)

        app.middlewares.append(guard)
        app.on_response_prepare.append(self._prepare)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing here: the address is told once it is known."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Let every window's process leave, and wait for it."""
        windows = set(self._windows)
        # To cancel them would cancel the waiting for their processes, too: a closed wire ends them in order.
        for wire in tuple(self._wires):
            await wire.close(code=WSCloseCode.GOING_AWAY)
        if windows:
            await asyncio.wait(windows, timeout=_PATIENCE_S)

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page with the terminal."""
        import aiohttp_jinja2

        size = request.query.get("fontsize", "")
        named = {"font_size": int(size) if size.isdecimal() and len(size) < 3 else 16}
        return aiohttp_jinja2.render_template(
            "index.html", request, {**named, "application": {"name": self.title}}
        )

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refusal = self._door.refusal(request.headers)
        if refusal:
            return web.Response(status=403, text=f"{refusal}\n")
        if self._door.token and not same(request.cookies.get(self._cookie, ""), self._pass):
            return self._admit(request)
        if request.path == "/ws":
            return await self._window(request, handler)
        return await handler(request)

    def _admit(self, request: web.Request) -> web.StreamResponse:
        if not self._door.knows(request.query.get("token")):
            return web.Response(
                status=401, text="this page needs the token: open it as `trainer-tui serve` printed it\n"
            )
        rest = {name: value for name, value in request.query.items() if name != "token"}
        answer = web.Response(status=303, headers={"Location": str(request.rel_url.with_query(rest))})
        # Lax, not Strict: who follows a link from a mail has to arrive with it.
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="Lax", path="/", secure=secure)
        return answer

    async def _prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        if isinstance(response, web.WebSocketResponse):
            self._wires.add(response)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)

    async def _window(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        window = asyncio.current_task()
        if window is None or len(self._windows) >= MOST_WINDOWS:
            return web.Response(status=503, text="too many windows are open\n")
        self._windows.add(window)
        try:
            return await handler(request)
        finally:
            self._windows.discard(window)


def run_server(
    command: list[str], title: str, door: Door, host: str, port: int, *, told: Callable[[str], object]
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. Raises OSError when the address cannot be used.

    `told` is given the address to open, with the token, once somebody can.
    """
    asyncio.run(_serve(GuardedServer(command, title, door), door, host, port, told))


async def _serve(
    server: GuardedServer, door: Door, host: str, port: int, told: Callable[[str], object]
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    # The access log would write the token down.
    runner = web.AppRunner(await server.application(), access_log=None, shutdown_timeout=_PATIENCE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        told(_address(runner, door, host))
        await ended.wait()
    finally:
        await runner.cleanup()
        await _see_off()


async def _see_off() -> None:
    """Wait for the processes of windows, which were all told to leave; end those that do not.

    What they started themselves (a supervisor) is none of ours. The event loop reaps them, not we.
    """
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _PATIENCE_S
        left = _children()
        if number is not None:
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)
        while left and time.monotonic() < until:
            await asyncio.sleep(0.05)
            left = _children()


def _children() -> list[psutil.Process]:
    """Our own processes that have not ended."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _address(runner: web.AppRunner, door: Door, host: str) -> str:
    """What to open: the port may have been chosen by the system, and no browser opens 0.0.0.0."""
    port = runner.addresses[0][1]
    everywhere = host in ("0.0.0.0", "::", "")
    name = max(own_names(), key=len, default="localhost") if everywhere else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"?token={door.token}" if door.token else "")
