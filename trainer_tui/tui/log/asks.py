"""What a person asks of a log beyond moving: searches, places, incidents, selections. Acts on a `LogDesk`."""

from __future__ import annotations

import re
from dataclasses import replace

from trainer_tui.runs.logs.hits import LogHits, Pending
from trainer_tui.runs.logs.search import Pattern, PatternError, Wanted
from trainer_tui.runs.logs.time import asked_time, moment_from, place_of
from trainer_tui.runs.text import clean, shown
from trainer_tui.tui.log.desk import LogDesk
from trainer_tui.tui.log.page import Said

COPY_MOST = 100_000
"""Bytes that are put on the clipboard: terminals refuse, or hang on, longer sequences."""

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)\s*%")
_NUMBER = re.compile(r"\d{1,12}|\d{1,3}(?:[,_ ]\d{3}){1,4}")

# ---------------------------------------------------------------------- searching


def search(desk: LogDesk, wanted: Wanted | None, forward: bool = True) -> None:
    """Look for something from the cursor on; None forgets the search."""
    if wanted is None:
        desk.look, desk.hits, desk.wish = replace(desk.look, pattern=None), None, None
        if desk.filtered:
            desk.filtered = False
            _stay(desk)
        return
    try:
        pattern = Pattern(wanted)
    except PatternError as error:
        desk.tell(clean(str(error), 300), "warning")
        return
    desk.look = replace(desk.look, pattern=pattern)
    if desk.file is None:
        return
    desk.hits = LogHits(desk.file, pattern)
    # At the end there is nothing ahead: who follows a log wants what came last.
    forward = forward and not desk.following
    desk.origin, desk.forward = max(0, desk.cursor), forward
    desk.wish = (desk.cursor - 1 if forward else desk.cursor + 1, forward)
    grant(desk)


def step(desk: LogDesk, forward: bool) -> None:
    """Go to the next or previous match, around the ends."""
    if desk.hits is None:
        desk.tell("nothing is searched for; / does")
        return
    desk.wish = (desk.cursor, forward)
    grant(desk)


def grant(desk: LogDesk) -> None:
    """Go to the match that was wished for, if it is known by now."""
    hits = desk.hits
    if desk.wish is None or hits is None:
        return
    origin, forward = desk.wish
    place = hits.after(origin) if forward else hits.before(origin)
    around = place is None
    if place is None:
        place = hits.after(-1) if forward else hits.before(desk.size + 1)
    if isinstance(place, Pending):
        return
    if place is None:
        desk.wish = None
        desk.tell(f"not found: {clean(hits.pattern.wanted.text, 100)}", "warning")
        return
    desk.stand_on(place if desk.filtered else desk.layout.settle(place))
    if around:
        desk.tell("went on at the top" if forward else "went on at the end")


def show_matches_only(desk: LogDesk) -> None:
    """Only the lines that match, or all lines again."""
    if desk.hits is None:
        desk.tell("nothing is searched for; / does")
        return
    desk.filtered = not desk.filtered
    _stay(desk)


def _stay(desk: LogDesk) -> None:
    """Stand where the reader stood, among the lines that are shown now."""
    if desk.size and not desk.following:
        place = desk.layout.settle(max(0, desk.cursor))
        if isinstance(place, int):
            desk.stand_on(place)
        else:
            desk.top, desk.sub = max(0, desk.cursor), 0


def toggle(desk: LogDesk, what: str) -> None:
    """Switch `wrap` or `fold`."""
    if what == "wrap":
        desk.look = replace(desk.look, wrap=not desk.look.wrap)
    else:
        desk.look = replace(desk.look, fold=not desk.look.fold)
    _stay(desk)


# ---------------------------------------------------------------------- places


def go_to(desk: LogDesk, text: str) -> None:
    """Go to a line (`1234`), a part (`50%`), a time (`14:02`, `2026-01-25 14:02`, `-10m`)."""
    text = text.strip()
    if not text or not desk.size:
        return
    if match := _SHARE.fullmatch(text):
        desk.at_share(float(match[1]) / 100)
    elif _NUMBER.fullmatch(text):
        _go_to_line(desk, int(re.sub(r"\D", "", text)))
    else:
        _go_to_time(desk, text)


def _go_to_line(desk: LogDesk, number: int) -> None:
    start = desk.index.start_of(max(1, number) - 1, desk.reader.read)
    if start is not None:
        desk.stand_on(desk.layout.settle(start))
    elif desk.index.size < desk.size:
        part = desk.index.size / desk.size
        desk.tell(f"line {number:,} is not reached yet: the lines of {part:.0%} are counted", "warning")
    else:
        desk.tell(f"the log has {desk.index.lines:,} lines", "warning")
        desk.end()


def _go_to_time(desk: LogDesk, text: str) -> None:
    reader = desk.reader

    def line(start: int) -> bytes:
        return reader.line(start).head

    newest = moment_from(reader.last(), line, reader.before)
    if newest is None:
        desk.tell("no line near the end of this log says when it was written", "warning")
        return
    wanted = asked_time(text, newest[1])
    if wanted is None:
        desk.tell(f"“{clean(text, 60)}” is no line (1234), part (50%) or time (14:02, -10m)", "warning")
        return
    if wanted.dated != newest[1].dated:
        desk.tell("the lines of this log carry a time of day alone, without a date", "warning")
        return
    place = place_of(wanted, desk.size, reader.start_of, line, reader.after)
    if place is None:
        desk.tell("the times of this log cannot be compared", "warning")
    else:
        desk.stand_on(desk.layout.settle(place))


def to_incident(desk: LogDesk, forward: bool) -> None:
    """Go to the next or previous incident."""
    inside = [place for place in desk.incidents if place < desk.size]
    if not inside:
        desk.tell("no incident was seen in this log")
        return
    ahead = (
        [p for p in inside if p > desk.cursor] if forward else [p for p in inside if p < desk.cursor][::-1]
    )
    if not ahead:
        desk.tell("this is the last incident" if forward else "this is the first incident")
        return
    number = inside.index(ahead[0]) + 1
    desk.stand_on(desk.layout.settle(desk.reader.start_of(ahead[0])))
    desk.tell(f"incident {number} of {len(inside)}")


# ---------------------------------------------------------------------- selections


def select(desk: LogDesk) -> None:
    """Begin a selection at the cursor's line, or forget it."""
    desk.anchor = desk.cursor if desk.anchor is None and desk.size else None
    if desk.anchor is not None:
        desk.following = False


def copy(desk: LogDesk) -> None:
    """Put the selected lines, or the cursor's, on the clipboard as they are shown."""
    if not desk.size or desk.cursor < 0:
        return
    first, last = desk.selected or (desk.cursor, desk.cursor)
    taken: list[str] = []
    size, whole = 0, True
    place: int | None = desk.reader.start_of(first)
    while place is not None and place <= last:
        line = shown(desk.reader.line(place).head)
        size += len(line.encode()) + 1
        if size > COPY_MOST and taken:
            whole = False
            break
        taken.append(line)
        place = desk.reader.after(place)
    count = f"{len(taken):,} line{'' if len(taken) == 1 else 's'}"
    if whole:
        words = f"copied {count}, if your terminal allows it (OSC 52)"
    else:
        words = f"copied the first {count}: a terminal takes no more; s saves all of them"
    desk.said.append(Said(words, "information" if whole else "warning", "\n".join(taken)))
    desk.anchor = None
