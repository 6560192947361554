"""Errands: what the keys ask of the run, carried out away from the screen; each ends in one sentence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from trainer_tui.runs.control import Request
from trainer_tui.runs.text import clean
from trainer_tui.tui.requests import NOTE_TEXT, SKIP_TEXT, request_of_key, stop_text

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp


class Errands:
    """Asks the watch that is shown, and starts the next attempt."""

    def __init__(self, app: CockpitApp) -> None:
        self._app = app
        self._leaving = threading.Event()

    def close(self) -> None:
        """Wait for no answer any more; what was asked stays asked."""
        self._leaving.set()

    def send(self, key: str) -> None:
        """Ask what a key means, after the question that belongs to it."""
        from trainer_tui.tui.screens.dialogs import Confirm, Reason

        picture = self._app.picture
        request = request_of_key(key, picture.state) if picture else None
        if picture is None or request is None:
            return
        # Which run of the watch is asked is found out when the question has been answered: meanwhile the
        # quick one may have ended and the full one begun.
        watch = picture.state.watch
        if request == "stop":
            grace = picture.plan.grace_s if picture.plan else 15.0
            self._app.push_screen(
                Confirm("Stop this run?", stop_text(picture.state, grace), "stop it"),
                lambda yes: self._ask(watch, "stop") if yes else None,
            )
        elif request == "skip":
            self._app.push_screen(
                Reason("Skip the quick phase?", SKIP_TEXT),
                lambda why: self._ask(watch, "skip", why=why) if why else None,
            )
        elif request == "note":
            self._app.push_screen(
                Reason("A note on this run", NOTE_TEXT),
                lambda text: self._ask(watch, "note", text=text) if text else None,
            )
        else:
            self._ask(watch, request)

    def retry(self) -> None:
        """Start the next attempt."""
        self._app.notify("starting the next attempt …", markup=False)

        def begin() -> None:
            self._app.cockpit.retry()

        self._in_thread(begin, "the next attempt could not be started")

    def _ask(self, watch: int, request: Request, **fields: str) -> None:
        from trainer_tui.supervise.asking import ask_and_wait  # not before the first frame

        model = self._app.cockpit.model

        def job() -> tuple[str, bool]:
            answer = ask_and_wait(model, request, dict(fields), watch=watch, leave=self._leaving)
            return f"{request}: {answer.text}", answer.accepted

        self._in_thread(job, f"{request} could not be asked for")

    def _in_thread(self, work: Callable[[], tuple[str, bool] | None], failure: str) -> None:
        """Do something slow, and tell what came of it and whether that is as it should be."""

        async def job() -> None:
            try:
                result = await asyncio.to_thread(work)
            except Exception as error:  # any reason is told, none closes the screen
                told = f"{failure}: {clean(str(error) or type(error).__name__, 300)}"
                self._app.notify(told, severity="error", markup=False)
                return
            if result is not None and not self._leaving.is_set():
                tell = partial(self._app.notify, clean(result[0], 300), markup=False)
                tell() if result[1] else tell(severity="warning")

        self._app.run_worker(job(), exit_on_error=False)
