"""Targets: everything that reads a log, a line of it, or what somebody asks of it."""
# ruff: noqa: E501 - what programs print has the length it has

from __future__ import annotations

from functools import cache
from itertools import pairwise

from fuzz_files import LOGS
from fuzz_target import LARGE, SMALL, Target, chance_of, file_of, holds, pieces, plain_text

from trainer_tui.failures import Scanner, rule_set
from trainer_tui.failures.clean import clean as clean_bytes
from trainer_tui.failures.clean import to_text
from trainer_tui.failures.compiled_cache import _digest, _parts
from trainer_tui.failures.frame_kinds import feeds_training, is_trackers_own
from trainer_tui.failures.kernel_words import kernel_word
from trainer_tui.runs.clock import duration_text, parse_utc, seconds_between, utc_stamp
from trainer_tui.runs.logs.ansi import parse as parse_ansi
from trainer_tui.runs.logs.file import LogFile, LogReader
from trainer_tui.runs.logs.fold import frames, is_bar, is_done, newest_frame
from trainer_tui.runs.logs.hits import LogHits, Pending
from trainer_tui.runs.logs.index import LineIndex, fast_count
from trainer_tui.runs.logs.search import Pattern, PatternError, Wanted
from trainer_tui.runs.logs.tail import LogTail
from trainer_tui.runs.logs.time import Moment, asked_time, moment_from, place_of, time_of
from trainer_tui.runs.text import clean, clean_lines, last_frame, masked, shown
from trainer_tui.supervise.kernellog import KernelLog

TRACEBACK = b"""2026-01-25 14:00:00,123 ERROR [rank1]: it failed
Traceback (most recent call last):
  File "/srv/run/train.py", line 88, in step
    loss.backward()
    ~~~~~~~~~~~~~^^
  File "/venv/lib/python3.11/site-packages/torch/_tensor.py", line 581, in backward
    torch.autograd.backward(
  [Previous line repeated 993 more times]
torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
  + Exception Group Traceback (most recent call last):
  |   File "a.py", line 1, in f
  | ExceptionGroup: several (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: 1
    +------------------------------------
RuntimeError: \xe2\x9c\x98 x
"""
BOXES = (
    "╭────────── Traceback (most recent call last) ──────────╮\n│ /srv/train.py:88 in step │\n"
    "│ ❱ 88 │ loss.backward() │\n╰──────────────╯\nValueError: bad\n"
).encode()
RECORDS = (
    b'{"ts": 1700000000.5, "level": "ERROR", "msg": "boom", "exc_info": "Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\nValueError: 1"}\n'
    b'time=2026-01-25T14:00:00Z level=error msg="CUDA error: device-side assert" err="x"\n'
    b"E0125 14:00:00.123456 12345 file.cc:10] NCCL WARN Connection reset\n"
    b"[rank0]:[E125 14:00:00.1 ProcessGroupNCCL.cpp:616] Watchdog caught collective operation timeout\n"
)
LINES = (
    b"Epoch 1: 100%|\xe2\x96\x88\xe2\x96\x88| 10/10 [00:01<00:00, 9.5it/s, loss=nan]\rEpoch 2:   0%|  | 0/10\n"
    b"\x1b[31;1mERROR\x1b[0m \x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b]8;;http://a\x07z\x1b]8;;\x07\n"
    b"Segmentation fault (core dumped)\nKilled\nterminate called after throwing an instance of 'std::bad_alloc'\n"
    b"10/10 [==============================] - 1s 5ms/step\x08\x08\x08\x08loss: 1\nOSError: [Errno 28] No space left on device\n"
    b"slurmstepd: error: *** JOB 12 ON n1 CANCELLED AT 2026-01-25T14:00:00 DUE TO TIME LIMIT ***\n"
)
KERNEL = (
    b"6,1,100000000,-;Out of memory: Killed process 123 (python) total-vm:1kB, anon-rss:1kB\n"
    b"6,2,100000001,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/a,task_memcg=/a/b,task=python,pid=12,uid=0\n"
    b"6,3,100000002,-;python[12]: segfault at 8 ip 0 sp 0 error 4 in libtorch.so[7f00+100]\n"
    b"6,4,100000003,-;traps: python[12] general protection fault ip:1 sp:2 error:0 in libc.so[7f+1]\n"
    b"3,5,100000004,-;NVRM: Xid (PCI:0000:01:00): 79, pid='12', name=python, GPU has fallen off the bus.\n SUBSYSTEM=pci\n"
)
STAMPS = (
    b"2026-01-25T14:30:00.123Z\n2026-01-25T15:30:00+02:00\n",
    b"2026-01-25 14:00:00,123 INFO a\n2026/01/25T14:00:01+0100 b\n[14:02:03.5] c\n",
    b'{"ts": 1700000000.5, "m": 1}\n14:02\n-10m\n2026-01-25 14:02\n50%\n1,234\n',
)


def _scanned(data: bytes) -> list[object]:
    scanner = Scanner()
    return [*scanner.feed(data), *scanner.finish(), scanner.line, scanner.offset]


def _scanner(data: bytes) -> None:
    whole, torn = Scanner(), Scanner()
    found = [*whole.feed(data), *whole.finish()]
    cut = [incident for piece in pieces(data) for incident in torn.feed(piece)] + torn.finish()
    newest = {incident.id: incident for incident in found}
    holds(newest == {incident.id: incident for incident in cut}, "other pieces, other incidents")
    holds((whole.line, whole.offset) == (torn.line, torn.offset), "other pieces, another place")
    holds(0 <= whole.line - 1 - data.count(b"\n") <= 1, "the line is not the number of newlines")
    for incident in found:
        plain_text(incident.message, 4100)
        holds(len(incident.excerpt) < 100_000, "a long excerpt")
        for line in incident.excerpt.split("\n"):
            plain_text(line, 4100)
        holds(incident.offset is None or 0 <= incident.offset <= len(data), f"offset {incident.offset}")
        feeds_training(incident.kind, list(incident.frames))
        is_trackers_own(list(incident.frames))


def _clean(data: bytes) -> None:
    whole = data + b"\n"
    holds(clean_bytes(whole).count(b"\n") == whole.count(b"\n"), "newlines were lost")
    for piece in clean_bytes(whole).split(b"\n"):
        plain_text(to_text(piece).replace("\t", " "), len(data) * 4 + 1)
    text = data.decode("utf-8", "surrogateescape")
    plain_text(clean(text), 4096)
    plain_text(clean(text, 20), 20)
    for line in clean_lines(text, 60).split("\n"):
        plain_text(line, 60)
    plain_text(shown(data), 4096)
    holds(len(last_frame(data)) <= len(data), "a frame longer than its line")
    plain_text(masked(text), 40)


def _ansi(data: bytes) -> None:
    text, spans = parse_ansi(data.decode("utf-8", "replace"))
    plain_text(text, 4096)
    for start, end, _ in spans:
        holds(0 <= start < end, f"the span {start} .. {end}")
    holds(all(one[1] <= two[0] for one, two in pairwise(spans)), "spans overlap")


def _fold(data: bytes) -> None:
    reader = LogReader(LogFile(file_of("fold.log", data)))
    start: int | None = 0 if data else None
    count = 0
    while start is not None:
        line = reader.line(start)
        count += 1
        found = frames(line)
        holds(bool(found), "a line without a frame")
        newest_frame(line)
        [(is_bar(frame), is_done(frame), time_of(frame)) for frame in found[-20:]]
        start = reader.after(start)
    holds(count == data.count(b"\n") + (bool(data) and data[-1] != 10), f"{count} lines")
    backwards, place = 0, reader.last()
    while place is not None:
        backwards, place = backwards + 1, reader.before(place)
    holds(backwards == count, "fewer lines from the end than from the start")


def _index(data: bytes) -> None:
    index, fast = LineIndex(), LineIndex(fast_count())
    for piece in pieces(data):
        index.extend(piece)
        fast.extend(piece)
    starts = [0] if data else []
    starts += [at + 1 for at, byte in enumerate(data) if byte == 10 and at + 1 < len(data)]
    holds(index.lines == fast.lines == len(starts), f"{index.lines}, {fast.lines} and {len(starts)} lines")
    for line, start in list(enumerate(starts))[::17]:
        holds(index.start_of(line, lambda at, n: data[at : at + n]) == start, f"line {line}")
        holds(index.line_of(start, lambda at, n: data[at : at + n]) == line, f"offset {start}")


def _search(data: bytes) -> None:
    """The first line is what is searched for in the others."""
    words, _, log = data.partition(b"\n")
    text = words.decode("utf-8", "surrogateescape")
    regex = len(data) % 3 == 0
    pattern = Pattern(Wanted(text, regex, (None, True, False)[len(words) % 3]))
    found = pattern.matching_lines(log)
    starts, at = [], 0
    for line in log.split(b"\n")[: -1 if log.endswith(b"\n") else None]:
        if pattern.matches(line):
            starts.append(at)
        at += len(line) + 1
    if not regex:
        holds(found == [s for s in starts if s < len(log)], "other lines than one by one")
    hits = LogHits(LogFile(file_of("hits.log", log)), pattern)
    for chunk in hits.order(0, True):
        hits.scan(chunk)
    holds(hits.total == len(found), f"{hits.total} and {len(found)} hits")
    place, walked = hits.after(-1), 0
    while isinstance(place, int):
        walked, place = walked + 1, hits.after(place)
    holds(walked == hits.total and not isinstance(place, Pending), "not all are reached")
    for line in log.split(b"\n")[:5]:
        told = shown(line)
        for start, end in pattern.spans(told):
            holds(0 <= start <= end <= len(told), "a span beyond its line")


def _times(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for line in data.split(b"\n")[:20]:
        moment = time_of(line)
        holds(moment is None or moment.dated or 0 <= moment.seconds < 86_402, "a time of day beyond a day")
    for asked in text.split("\n")[:10]:
        for last in (Moment(1_700_000_000.0, True), Moment(50_000.0, False)):
            asked_time(asked, last)
        stamp = parse_utc(asked)
        if stamp is not None:
            utc_stamp(stamp)
        took = seconds_between(asked, "2026-01-25T14:30:00.123Z")
        holds(took is None or took >= 0, "a negative time")
        duration_text(took)
        seconds_between(text.split("\n")[0], asked)


def _place(data: bytes) -> None:
    reader = LogReader(LogFile(file_of("times.log", data)))

    def line(start: int) -> bytes:
        return reader.line(start).head

    newest = moment_from(reader.last(), line, reader.before)
    if newest is not None:
        wanted = Moment(newest[1].seconds - chance_of(data).random() * 100, newest[1].dated)
        place = place_of(wanted, len(data), reader.start_of, line, reader.after)
        holds(place is None or 0 <= place < len(data), f"the place {place}")


def _tail(data: bytes) -> None:
    tail = LogTail(file_of("tail.log", b""), keep=50)
    try:
        for piece in pieces(data):
            with tail.path.open("ab") as file:
                file.write(piece)
            tail.poll()
        for line in (*tail.lines, tail.partial):
            plain_text(line, 4096)
        holds(len(tail.lines) <= 50, "too many lines")
    finally:
        tail.close()


def _kernel(data: bytes) -> None:
    log = KernelLog(0.0, 0.0, file_of("kmsg", data))
    try:
        for word in log.about({12, 123}):
            holds(len(word.text) <= 300, "a long word")
    finally:
        log.close()
    for line in data.decode("utf-8", "replace").split("\n"):
        kernel_word(line)


def _cache(data: bytes) -> None:
    holds(_parts(data, "key", 3) is None, "bytes without our mark are taken")
    body = data[:200]
    _parts(b"trainer-tui rules 1\n" + _digest("key", body) + body, "key", 3)


@cache
def _warm() -> bool:
    rule_set()
    Scanner().feed(b"x\n")
    return True


def _log_seeds() -> list[bytes]:
    _warm()
    return [TRACEBACK, BOXES, RECORDS, LINES, *LOGS]


_WORDS = (
    b"Traceback (most recent call last):\n", b'  File "a.py", line 1, in f\n', b"Error: ", b"Exception", b"[rank0]: ",
    b"  | ", b"  +-+---- 1 ----\n", b"During handling of the above exception, another exception occurred:\n", b"Killed",
    b"CUDA out of memory", b"\r", b"\x08" * 8, b'{"level": "error", "msg": "', b"level=error msg=", b"100%|", b"nan",
    "╭".encode(), "│".encode(), "╰".encode(), b"    ^^^^\n", b"2026-01-25 14:00:00 ", b"14:00:00",
)  # fmt: skip
_WORDS_OF_TIME = (
    b"2026-02-30 25:61:61",
    b"14:02",
    b"-10m",
    b"-999999d",
    b"1999999999.5",
    b"T",
    b"Z",
    b"+24:00",
)
_KERNEL_WORDS = (
    b"pid=",
    b"Xid (",
    b"segfault at",
    b" in ",
    b"Killed process ",
    b"oom_memcg=",
    b"traps: ",
    b"[12]",
)

TARGETS = (
    Target("log-incidents", _log_seeds, _scanner, _WORDS, share=4, most=16 << 10),
    Target("log-incidents-long", _log_seeds, _scanned, _WORDS, share=0.3, most=4 * LARGE),
    Target("clean", _log_seeds, _clean, _WORDS, share=3),
    Target("colours", lambda: [LINES], _ansi, (b"\x1b[", b"m", b";", b":", b"38;2;", b"48;5;"), share=3),
    Target("log-lines", _log_seeds, _fold, _WORDS, share=1, most=8 << 10),
    Target("line-index", _log_seeds, _index, _WORDS, share=1, most=LARGE),
    Target("log-search", lambda: [b"Error\n" + TRACEBACK, b"(a|b)+[0-9]{2,}\n" + LINES, b".\n" + RECORDS], _search,
           (b"(?i)", b"\\b", b".*", b"{1,99}", b"(?=", b"[^", b"|", b"\\x00"), (PatternError,), share=1),
    Target("times", lambda: [*STAMPS], _times, _WORDS_OF_TIME, share=2),
    Target("time-place", lambda: [*STAMPS, RECORDS], _place, _WORDS_OF_TIME, share=0.5),
    Target("log-end", _log_seeds, _tail, _WORDS, share=0.3),
    Target("kernel-log", lambda: [KERNEL], _kernel, _KERNEL_WORDS, share=1, most=SMALL),
    Target("rules-cache", lambda: [(5).to_bytes(8, "little") + b"hello" + bytes(8) * 2, b"trainer-tui rules 1\n"], _cache),
)  # fmt: skip
