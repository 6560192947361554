"""The web server of `serve`: textual-serve behind a door. Needs the extra `web`.

textual-serve starts one process for each open page and carries its bytes; whom it lets in, where its pages
fetch from, and how it ends are ours.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shlex
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

import psutil
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError
from textual_serve.app_service import AppService
from textual_serve.server import Server

from trainer_tui.cli.door import Door, own_names, same
from trainer_tui.cli.peers import is_stranger
from trainer_tui.cli.wire import fitting, order_of
from trainer_tui.runs.text import clean

MOST_WINDOWS = 16
"""Open pages; each is a process of some 80 MB."""

MOST_CONNECTIONS = 256
"""Open connections; a page has some ten."""

_IDLE_S = 15.0
"""How long a connection may stay without a whole request."""

_LONGEST_PATH = 200
"""Characters of the path of anything that is here."""

_ONCE = ("Host", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Cookie")
"""Headers of which a second one could say something else."""

_PATIENCE_S = 8.0
"""How long the processes of open pages may take to leave."""

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; "
    "form-action 'none'; base-uri 'none'; object-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "trainer-tui",
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
        if any(len(request.headers.getall(name, ())) > 1 for name in _ONCE):
            return web.Response(status=400, text="a header stands there twice\n")
        refusal = self._door.refusal(request.headers) or self._stranger(request)
        if refusal:
            return web.Response(status=403, text=f"{refusal}\n")
        if self._door.token and not same(request.cookies.get(self._cookie, ""), self._pass):
            return self._admit(request)
        if request.path == "/ws":
            return await self._window(request, handler)
        listing = request.path.startswith("/static") and not Path(request.path).suffix
        if listing or len(request.path) > _LONGEST_PATH or "\0" in request.path:
            return web.Response(status=404, text="there is no such page\n")
        return await handler(request)

    def _stranger(self, request: web.Request) -> str:
        """Why who knows no token may not come in from this machine; empty when they may."""
        wire = request.transport
        peer, own = (wire.get_extra_info(end) if wire else None for end in ("peername", "sockname"))
        if self._door.token or not peer or not own or is_stranger(peer[:2], own[:2]) != "yes":
            return ""
        return "another account of this machine started this server; it lets others in with --token alone"

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        """Hand on what a page sends, as far as a page of ours would send it."""
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            order = order_of(message.data)
            if order is None:
                await websocket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"no page sends that")
            elif order.kind == "stdin":
                await app_service.send_bytes(order.value)
            elif order.kind == "resize":
                await app_service.set_terminal_size(*order.value)
            elif order.kind == "ping":
                await websocket.send_json(["pong", order.value])
            else:
                await app_service.send_meta({"type": order.kind})

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
        response.headers.update(_HEADERS)

    async def _window(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        window = asyncio.current_task()
        try:
            asked = request.query.get("width", "80"), request.query.get("height", "24")
            fits = fitting(*asked) == (int(asked[0]), int(asked[1]))
        except ValueError:
            fits = False
        if not fits:
            return web.Response(status=400, text="a window of that size cannot be made\n")
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
    _quieten()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    # The access log would write the token down.
    runner = web.AppRunner(
        await server.application(),
        access_log=None,
        shutdown_timeout=_PATIENCE_S,
        keepalive_timeout=_IDLE_S,
    )
    await runner.setup()
    answering = runner.server
    assert answering is not None

    def answer() -> asyncio.Protocol:
        return answering() if len(answering.connections) < MOST_CONNECTIONS else _Full()

    listening: asyncio.Server | None = None
    try:
        listening = await loop.create_server(answer, host, port)
        told(_address(listening.sockets[0].getsockname()[1], door, host))
        await ended.wait()
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()
        await _see_off()


class _Full(asyncio.Protocol):
    """Hangs up at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There are enough of them."""
        transport.close()


class _Line(logging.Formatter):
    """One line of what the server's library has to say."""

    def format(self, record: logging.LogRecord) -> str:
        """The message and the last line of its error."""
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        return clean(f"trainer-tui: {record.getMessage()}{why}")[:500]


def _quieten() -> None:
    """Let what visitors do wrong fill no terminal."""
    said = logging.StreamHandler()
    said.setFormatter(_Line())
    # A request that is none has been answered as such; it would be quoted here, perhaps with the token.
    said.addFilter(lambda told: not (told.exc_info and isinstance(told.exc_info[1], HttpProcessingError)))
    for name in ("aiohttp", "textual-serve"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [said], False
        log.setLevel(logging.ERROR)


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


def _address(port: int, door: Door, host: str) -> str:
    """What to open: no browser opens 0.0.0.0."""
    everywhere = host in ("0.0.0.0", "::", "")
    name = max(own_names(), key=len, default="localhost") if everywhere else host
    shown = f"[{name}]" if ":" in name else name
    return f"http://{shown}:{port}/" + (f"?token={door.token}" if door.token else "")
