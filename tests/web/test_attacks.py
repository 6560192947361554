"""`serve` attacked with raw bytes: paths, shapes of requests, frames, floods, other accounts."""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from served_world import Served
from shop import PROGRAM, Shop

from trainer_tui.cli import web
from trainer_tui.cli.door import Door
from trainer_tui.cli.peers import is_stranger, owner_of
from trainer_tui.cli.wire import MOST_COLUMNS, MOST_ROWS, Order, order_of

Start = Callable[..., Served]


@pytest.fixture(scope="module")
def served(ended: Shop) -> Iterator[Served]:
    """One server for many attacks; at their end it still answers, and has complained of nothing."""
    words = [*PROGRAM, "serve", "good", "--port", "0"]
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    one = Served(subprocess.Popen(words, cwd=ended.root, env=ended.environ, text=True, **silent))
    yield one
    assert b" 200 OK" in talk(one, get(one.port, "/"))
    code, rest = one.end(signal.SIGTERM)
    assert code == 0 and "Traceback" not in rest and "\x1b" not in rest and len(rest) < 200, rest


def get(port: int, path: str | bytes, *more: bytes, host: str = "") -> bytes:
    raw = path.encode() if isinstance(path, str) else path
    lines = [b"GET " + raw + b" HTTP/1.1", f"Host: {host or f'localhost:{port}'}".encode(), *more]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def talk(served: Served, data: bytes) -> bytes:
    """Everything that is answered until the server hangs up."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as wire:
        try:
            wire.sendall(data)
            return b"".join(iter(lambda: wire.recv(65536), b""))
        except ConnectionError:
            return b""


PATHS = ["/static/", "/static", "/static/js", "/static/js/", "/static/../server.py", "/static/%2e%2e/server.py", "/static/%252e%252e/server.py", "/static/..%2fserver.py", "/static/..%5cserver.py", "/static/..\\server.py", "/static/%00", "/static/x%00.js", "/static//etc/passwd.x", "/static/js/%2e%2e%2f%2e%2e%2fserver.py", "/static/%2fetc%2fhostname.x", "/static/....//server.py", "/static/%c0%ae%c0%ae/server.py", "/download/../../etc/passwd", "/download/%2e%2e%2fx", "/download/%00", "/download/%0d%0aX:1", "/%0d%0aX:%201", "//evil.com/", "/etc/passwd"]  # fmt: skip  # noqa: E501


def test_no_path_leads_to_another_file(served: Served):
    for path in (*PATHS, "/static/" + "a" * 5000 + ".js", b"/static/\xff\xfe.js"):
        answer = talk(served, get(served.port, path))
        assert answer.split(b"\r\n")[0].split()[1] in (b"400", b"404"), (path, answer[:200])
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"import" not in body and b"href" not in body and b"\nX:" not in head, path


def test_shapes_of_requests_that_two_servers_read_differently(served: Served):
    host = f"Host: localhost:{served.port}\r\n".encode()
    start = b"GET / HTTP/1.1\r\n" + host
    hidden = b"0\r\n\r\nGET /static/js/textual.js HTTP/1.1\r\n" + host + b"\r\n"
    shapes = [
        b"GET / HTTP/1.1\r\n\r\n",
        start + b"Host: evil.com\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden,
        start + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        start + b"Content-Length: +5\r\n\r\nhello",
        start + b"Transfer-Encoding: xchunked\r\n\r\n" + hidden,
        start + b"Transfer-Encoding : chunked\r\n\r\n" + hidden,
        start + b"X: a\0b\r\n\r\n",
        start + b"X: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\n" + host.replace(b"\r", b"") + b"\n",
        start + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        start + b"".join(b"X%d: a\r\n" % i for i in range(5000)) + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"\x16\x03\x01\x00\xc8" + os.urandom(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        start + b"Connection: close\r\nOrigin: http://localhost:%d\r\nOrigin: http://evil.com\r\n\r\n" % served.port,  # noqa: E501
    ]  # fmt: skip
    for shape in shapes:
        answer = talk(served, shape)
        assert answer == b"" or answer.split()[1] == b"400", (shape[:80], answer[:200])
        assert b"\nHTTP/1." not in answer and b"textual" not in answer, "nothing of it is a second request"
    for method in (b"POST", b"TRACE", b"PUT", b"CONNECT", b"OPTIONS"):
        answer = talk(served, method + get(served.port, "/")[3:])
        assert answer.split()[1] in (b"404", b"405"), method


def test_other_names_and_pages_and_what_stands_in_every_answer(served: Served):
    for host in ("evil.com", "127.0.0.1.evil.com", "localhost\xff", "localhost@evil.com", "10.0.0.1"):
        assert talk(served, get(served.port, "/", host=host)).split()[1] in (b"400", b"403")
    for path in ("/", "/nowhere", "/static/js/textual.js"):
        head = talk(served, get(served.port, path)).partition(b"\r\n\r\n")[0]
        for told in (b"frame-ancestors 'none'", b"X-Frame-Options: DENY", b"nosniff", b"Referrer-Policy: no-referrer",  # noqa: E501
                     b"Cross-Origin-Resource-Policy: same-origin", b"Cache-Control: no-store"):  # fmt: skip
            assert told in head, (path, told)
        assert b"aiohttp" not in head and b"Access-Control" not in head


def inside(command: list[str], attack: Callable[[int], None]) -> None:
    """Attack a server of this process."""
    addresses: list[str] = []
    door = Door(token="", names=frozenset(), host="127.0.0.1", open_to_all=False)

    async def both() -> None:
        server = web.GuardedServer(command, "t", door)
        serving = asyncio.create_task(web._serve(server, door, "127.0.0.1", 0, addresses.append))
        while not addresses:
            await asyncio.sleep(0.01)
        try:
            await asyncio.to_thread(attack, int(addresses[0].rstrip("/").rpartition(":")[2]))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await serving

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "_children", list)  # those of this process are other tests' servers
        asyncio.run(both())


def shake(port: int, query: str = "", *more: bytes) -> socket.socket:
    """A websocket, asked for."""
    wire = socket.create_connection(("127.0.0.1", port), timeout=20)
    key = base64.b64encode(os.urandom(16))
    upgrade = (b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + key)
    wire.sendall(
        get(port, f"/ws{query}", *upgrade, *more).replace(b"Connection: close", b"Connection: Upgrade")
    )
    return wire


def frame(
    kind: int, data: bytes, *, last: bool = True, reserved: int = 0, claimed: int | None = None
) -> bytes:
    size = len(data) if claimed is None else claimed
    head = bytes([last << 7 | reserved | kind])
    if size < 126:
        return head + bytes([128 | size]) + b"\0\0\0\0" + data
    return head + b"\xff" + struct.pack(">Q", size) + b"\0\0\0\0" + data


FRAMES = (
    frame(1, b"junk"), frame(1, b"[" * 100_000), frame(1, b'["stdin", 5]'), frame(1, b'["resize", {"width": "x"}]'),  # noqa: E501
    frame(1, b"x", reserved=0x40), frame(7, b"x"), frame(1, b"\xff\xfe"), frame(1, b"", claimed=1 << 40),
    frame(9, b"a" * 200), frame(0, b"x"), frame(8, b"x"),
    b"".join(frame(1 if i == 0 else 0, b"a" * 60_000, last=False) for i in range(90)),
)  # fmt: skip


def closes(wire: socket.socket, data: bytes) -> bool:
    """Whether the server ends the conversation: with a frame that says so, or by hanging up."""
    seen = wire.recv(4096)
    assert b" 101 " in seen, seen
    with wire:
        try:
            wire.sendall(data)
            while chunk := wire.recv(65536):
                seen += chunk
                if b"\x88" in seen[-200:] and any(
                    seen[-200:].find(b"\x88" + bytes([n])) >= 0 for n in range(2, 60)
                ):
                    return True
        except ConnectionError:
            return True
    return True


def test_frames_that_are_none():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def attack(port: int) -> None:
        for data in FRAMES:
            assert closes(shake(port), data)

    inside(["head", "-c", "1"], attack)  # a window that leaves when it is told to
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, "KiB"


def test_windows_of_no_size_and_wires_of_other_pages(served: Served):
    for query in (
        "?width=99999999&height=24",
        "?width=80&height=-1",
        "?width=x",
        "?width=",
        "?width=1e9",
        "?width=0",
    ):
        with shake(served.port, query) as wire:
            assert wire.recv(4096).split()[1] == b"400", query
    port = str(served.port).encode()
    origins = [b"null", b"", b"http://evil.com", b"http://localhost:1", b"http://localhost", b"chrome-extension://a",
               b"http://localhost:" + port + b"@evil.com", b"http://localhost:" + port + b".evil.com"]  # fmt: skip  # noqa: E501
    for origin in origins:
        with shake(served.port, "", b"Origin: " + origin) as wire:
            assert wire.recv(4096).split()[1] == b"403", origin
    with shake(served.port, "", b"Origin: http://localhost:" + port, b"Origin: http://evil.com") as wire:
        assert wire.recv(4096).split()[1] == b"400"
    assert not served.windows()


def test_what_a_page_may_send():
    assert order_of('["stdin", "q\\ud800é"]') == Order("stdin", "q?é".encode())
    assert order_of('["resize", {"width": 120, "height": 36}]') == Order("resize", (120, 36))
    huge = order_of('["resize", {"width": 99999999, "height": 1e300}]')
    assert huge == Order("resize", (MOST_COLUMNS, MOST_ROWS))
    assert order_of('["ping", 5]') == Order("ping", 5) and order_of('["blur"]') == Order("blur")
    for text in ('{}', '[]', '5', 'null', '["nope"]', '[["stdin"], "x"]', '["resize", []]', '["stdin"]', '["ping", []]',  # noqa: E501
                 '["resize", {"width": NaN, "height": 1}]', '["resize", {"width": Infinity, "height": 1}]', '"stdin"'):  # fmt: skip  # noqa: E501
        assert order_of(text) is None, text


def test_floods_and_those_who_never_finish(monkeypatch):
    """In this process, so that what takes a quarter of a minute takes a second."""
    monkeypatch.setattr(web, "MOST_CONNECTIONS", 20)
    monkeypatch.setattr(web, "_IDLE_S", 1.0)

    def ask(port: int, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as wire:
            wire.sendall(data)
            return b"".join(iter(lambda: wire.recv(65536), b""))

    def attack(port: int) -> None:
        page = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
        with ExitStack() as stack:
            wires = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
                for _ in range(60)
            ]
            assert sum(wire.recv(1) == b"" for wire in wires[20:]) == 40, "the rest is hung up on at once"
            for number, wire in enumerate(wires[:20]):
                wire.sendall((b"", b"GET / HT", page[:-2], b"\r\n")[number % 4])
            assert all(wire.recv(1) == b"" for wire in wires[:20]), "and these when they have had their time"
        assert b" 200 OK" in ask(port, page)

    inside(["true"], attack)


def test_who_is_at_the_other_end():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            listening = socket.create_server((host, 0), family=family)
        except OSError:
            pytest.skip(f"no {host} here")
        with listening, socket.create_connection(listening.getsockname()[:2]) as wire:
            peer, own = wire.getsockname()[:2], wire.getpeername()[:2]
            assert owner_of(peer, own) == os.geteuid() and is_stranger(peer, own) == "no"
            assert is_stranger(peer, own, user=os.geteuid() + 1) == ("no" if os.geteuid() == 0 else "yes")
            wire.close()
            assert is_stranger(peer, own) == "yes", "who has let go of it is nobody"
    assert is_stranger(("10.0.0.1", 5), ("10.0.0.2", 6)) == "unknown"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
def test_another_account_of_this_machine_needs_the_token(served: Served, serve: Start):
    def asked(one: Served, path: str) -> str:
        request = f"GET {path} HTTP/1.0\\r\\nHost: localhost:{one.port}\\r\\n\\r\\n"
        code = f"exec 3<>/dev/tcp/127.0.0.1/{one.port}; printf '{request}' >&3; head -n 1 <&3"
        done = subprocess.run(
            ["bash", "-c", code], user=65534, capture_output=True, text=True, cwd="/", check=True
        )
        return done.stdout.split()[1]

    for path in ("/", "/static/js/textual.js", "/ws"):
        assert asked(served, path) == "403"
    assert asked(serve("good", "--token", "a token of ours"), "/") == "401"


def test_the_windows_complaints_are_cleaned(ended: Shop):
    done = subprocess.run(
        [sys.executable, "-m", "trainer_tui.cli.served", "x\x1b]0;owned\x07\x9d0;y\x9c"],
        cwd=ended.root, env=ended.environ, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "\x1b" not in done.stderr and "\x9d" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
