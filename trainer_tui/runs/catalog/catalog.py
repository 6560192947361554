"""Every run of every model of a project, as summaries that are brought up to date bit by bit.

The folders are the truth. A catalog lists them (a fifth of a second for ten thousand), takes over what its
cache still knows to be so, and reads the others newest first, in portions that the caller chooses. It is used
by one thread at a time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from trainer_tui.runs.catalog.cache import CatalogCache, Stamp, stamp_of
from trainer_tui.runs.catalog.living import LivingRun
from trainer_tui.runs.catalog.summary import FACTS, RunSummary, named, with_curve, with_facts
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.text import clean

CHECKED_AT_ONCE = 500
"""Runs whose folders are looked at again in one `look`; the others' turn comes with the next ones."""

FOLLOWED = 128
"""Living runs that are followed with their files open, those in sight first."""

ANEW_AT_ONCE = 4
"""Of more than that, so many are read anew in one `look`, beside those with new events."""

_COARSE_NS = 2_000_000_000
"""Clocks of file systems may be so coarse: a folder that changed just now may change again unseen."""


class Catalog:
    """The runs below `output`, by key (`model_3/007-full`). `only`: the models to list, all without it."""

    def __init__(self, output: Path, logs: Path, only: Sequence[str] | None = None) -> None:
        self.output, self.logs = output, logs
        self.runs: dict[str, RunSummary] = {}
        self.problem = ""
        """Why the runs cannot be listed; empty when they can."""
        self._only = only
        self._cache = CatalogCache(output)
        self._known: dict[str, tuple[Stamp, RunSummary]] | None = None
        self._stamps: dict[str, Stamp] = {}
        self._paths: dict[str, str] = {}
        self._listed: dict[str, int] = {}
        self._unread: dict[str, None] = {}
        self._uncurved: dict[str, None] = {}
        self._living: dict[str, LivingRun | None] = {}
        self._turn = self._turn_of_living = 0

    # ------------------------------------------------------------------ what there is

    def folder(self, key: str) -> RunFolder | None:
        """The folder of a run."""
        path = self._paths.get(key)
        return None if path is None else RunFolder(Path(path))

    @property
    def unread(self) -> int:
        """Runs of which no more than the name is known."""
        return len(self._unread)

    @property
    def done(self) -> bool:
        """Whether nothing waits to be read."""
        return not self._unread and not self._uncurved

    def scan(self) -> set[str]:
        """Find the folders that came or went, and return the keys of these."""
        if self._known is None:
            self._known = self._cache.load()
        models = self._models()
        changed = {key for name in set(self._listed) - set(models) for key in self._forget_model(name)}
        for name, modified_ns in models.items():
            if self._listed.get(name) != modified_ns:
                fresh = time.time_ns() - modified_ns < _COARSE_NS
                self._listed[name] = -1 if fresh else modified_ns
                changed |= self._list_model(name)
        self._known = {}
        if changed & self._unread.keys():
            newest = sorted(self._unread, key=lambda key: self.runs[key].changed_ns, reverse=True)
            self._unread = dict.fromkeys(newest)
        return changed

    def look(self, visible: Sequence[str] = ()) -> set[str]:
        """Once a second: what came or went, how the living runs stand, and whether folders changed.

        Those in sight are looked at each time, of the others `CHECKED_AT_ONCE`.
        """
        changed = self.scan()
        keys = list(self._stamps)
        turn = keys[self._turn : self._turn + CHECKED_AT_ONCE]
        self._turn = self._turn + CHECKED_AT_ONCE if self._turn + CHECKED_AT_ONCE < len(keys) else 0
        changed |= self.check({*visible, *turn})
        return changed | self._look_at_living(visible)

    def _look_at_living(self, visible: Sequence[str]) -> set[str]:
        """Bring living runs up to date: all that are followed; of more, those with news and a few in turns.

        What happens to a run is an event, so none is told of late; one that is lost has its turn.
        """
        in_sight = [key for key in dict.fromkeys(visible) if key in self._living]
        keys = list(dict.fromkeys([*in_sight, *self._living]))
        followed, others = keys[:FOLLOWED], keys[FOLLOWED:]
        for key in others:
            self._close(key)
        turn = {others[(self._turn_of_living + n) % len(others)] for n in range(ANEW_AT_ONCE) if others}
        self._turn_of_living += ANEW_AT_ONCE
        changed: set[str] = set()
        for key in followed:
            changed |= self._follow(key)
        for key in others:
            stamp = _stamp(self._paths[key])
            if key in turn or stamp != self._stamps.get(key):
                if stamp is not None:
                    self._stamps[key] = stamp
                changed |= self._follow(key)
                self._close(key)
        return changed

    def check(self, keys: Iterable[str]) -> set[str]:
        """Look at the folders of these runs again; the changed are to be read anew, the gone are returned."""
        gone: set[str] = set()
        for key in keys:
            path = self._paths.get(key)
            if path is None:
                continue
            stamp = _stamp(path)
            if stamp is None:
                gone |= self._forget(key)
            elif stamp != self._stamps.get(key) and key not in self._living:
                self._stamps[key] = stamp
                self._unread[key] = None
        return gone

    def fill(self, budget_s: float, first: Iterable[str] = ()) -> set[str]:
        """Read what waits until the time is over, `first` these, and return the keys of what changed."""
        until = time.monotonic() + budget_s
        changed: set[str] = set()
        kept: list[tuple[Stamp, RunSummary]] = []
        for key in first:
            if key in self._unread or key in self._uncurved:
                changed.add(key)
                self._read(key)
                self._read_curve(key, kept)
        while self._unread and time.monotonic() < until:
            key = next(iter(self._unread))
            changed.add(key)
            self._read(key)
        while not self._unread and self._uncurved and time.monotonic() < until:
            key = next(iter(self._uncurved))
            changed.add(key)
            self._read_curve(key, kept)
        self._cache.add(kept)
        return changed

    def close(self) -> None:
        """Let go of every file."""
        for key in list(self._living):
            self._let_go(key)

    # ------------------------------------------------------------------ listing

    def _models(self) -> dict[str, int]:
        """Folders that may hold runs, and when each changed."""
        found: dict[str, int] = {}
        self.problem = ""
        try:
            with os.scandir(self.output) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and (self._only is None or entry.name in self._only):
                        with suppress(OSError):  # gone meanwhile
                            if entry.is_dir():
                                found[entry.name] = entry.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        except OSError as error:
            self.problem = f"{self.output} cannot be read: {error.strerror or error}"
        return found

    def _list_model(self, name: str) -> set[str]:
        shown, root = clean(name, 200), f"{self.output / name}/"
        folders = {f"{shown}/{run.path.name}": run for run in self._model(name).runs()}
        before = self._keys_of(name)
        changed = {key for key in before - set(folders) if self._forget(key)}
        for key, run in folders.items():
            path = f"{root}{run.path.name}"
            if key not in before and (stamp := _stamp(path)) is not None:
                self._paths[key], self._stamps[key] = path, stamp
                self._begin(key, run, stamp)
                changed.add(key)
        return changed

    def _begin(self, key: str, run: RunFolder, stamp: Stamp) -> None:
        known = (self._known or {}).get(key)
        if known is not None and known[0] == stamp:
            self.runs[key] = known[1]
        else:
            self.runs[key] = named(run, stamp[1])
            self._unread[key] = None

    def _model(self, name: str) -> ModelFolder:
        return ModelFolder(self.output / name, self.logs / name)

    def _forget_model(self, name: str) -> set[str]:
        self._listed.pop(name, None)
        return {key for key in self._keys_of(name) if self._forget(key)}

    def _keys_of(self, name: str) -> set[str]:
        prefix = f"{clean(name, 200)}/"
        return {key for key in self._paths if key.startswith(prefix)}

    def _forget(self, key: str) -> set[str]:
        self._let_go(key)
        name = os.path.basename(os.path.dirname(self._paths.pop(key)))
        for table in (self.runs, self._stamps, self._unread, self._uncurved):
            table.pop(key, None)
        if name in self._listed:
            self._listed[name] = -1  # to be listed again, should a run of this name come back
        return {key}

    # ------------------------------------------------------------------ reading

    def _read(self, key: str) -> None:
        if key not in self._unread:
            return
        del self._unread[key]
        run, before = RunFolder(Path(self._paths[key])), self.runs[key]
        stamp = self._stamps[key]
        try:
            summary, ended = with_facts(replace(before, changed_ns=stamp[1]), run)
        except OSError as error:
            why = f"its events cannot be read: {error.strerror or error}"
            summary, ended = replace(before, level=FACTS, status="incomplete", sentence=why), False
        if not ended and summary.living:
            self._living.setdefault(key, None)
        elif key in self._living:
            self._let_go(key)
        self.runs[key] = summary
        self._uncurved[key] = None

    def _read_curve(self, key: str, kept: list[tuple[Stamp, RunSummary]]) -> None:
        if key not in self._uncurved:
            return
        del self._uncurved[key]
        if key in self._living:
            self._follow(key)
            return
        summary = self.runs[key] = with_curve(self.runs[key], RunFolder(Path(self._paths[key])))
        stamp = self._stamps[key]
        settled = time.time_ns() - max(stamp[1], stamp[3]) > _COARSE_NS
        if summary.over and summary.reason != "lost" and settled:
            kept.append((stamp, summary))

    def _follow(self, key: str) -> set[str]:
        """Bring a living run up to date; one that has ended is read as ended."""
        before = self.runs[key]
        living = self._living[key] or LivingRun(RunFolder(Path(self._paths[key])), before)
        self._living[key] = living
        now = living.poll(before)
        if len(self._living) > FOLLOWED and sum(one is not None for one in self._living.values()) > FOLLOWED:
            self._close(key)
        if not now.living:
            self._let_go(key)
            if (stamp := _stamp(self._paths[key])) is not None:
                self._stamps[key] = stamp
                self._unread[key] = None
        self.runs[key] = now
        return {key} if now != before else set()

    def _close(self, key: str) -> None:
        """Close the files of a living run; the next look at it opens them again."""
        living = self._living.get(key)
        if living is not None:
            living.close()
            self._living[key] = None

    def _let_go(self, key: str) -> None:
        if key in self._living:
            self._close(key)
            del self._living[key]


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(path)
    except OSError:
        return None


def read_all(
    output: Path, logs: Path, only: Sequence[str] | None = None
) -> list[tuple[RunFolder, RunSummary]]:
    """Every run as it stands now, oldest first: for who wants them all at once."""
    catalog = Catalog(output, logs, only)
    try:
        catalog.scan()
        while not catalog.done:
            catalog.fill(1.0)
        found = sorted(catalog.runs.values(), key=lambda run: (run.created, run.model, run.number))
        return [(RunFolder(Path(catalog._paths[run.key])), run) for run in found]
    finally:
        catalog.close()
