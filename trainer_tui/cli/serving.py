"""`serve`: the dashboard in a browser. Checks what was asked, then hands over to `cli.web`."""

from __future__ import annotations

import ipaddress
import os
import secrets
import sys
from dataclasses import dataclass

from trainer_tui.cli.door import Door
from trainer_tui.cli.places import has_runs
from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import complain
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import EXIT_PASSED

SHORTEST_TOKEN = 8
NEW_TOKEN = "new"
TOKEN_VARIABLE = "TRAINER_TUI_TOKEN"


@dataclass(frozen=True, slots=True)
class Wish:
    """What stood on the command line."""

    model: str | None
    host: str
    port: int
    token: str
    names: tuple[str, ...] = ()
    """Other names under which a browser may ask for this machine."""


def serve(wish: Wish) -> int:
    """Serve a model's dashboard, or every run without a model, until a signal ends it.

    Raises ProjectError when the package is missing, the model unknown, the address taken or the token weak.
    """
    token = token_for(wish)
    os.environ.pop(TOKEN_VARIABLE, None)  # no run that is started from a page needs to know it
    place = open_site()
    command = [sys.executable, "-m", "trainer_tui.cli.served"]
    title = f"{place.project.root.name} – trainer-tui"
    if wish.model is not None:
        folder = place.existing(wish.model)
        command.append(folder.name)
        title = f"{folder.name} – trainer-tui"
    elif not has_runs(place.project):
        raise ProjectError("there is no run yet", "`trainer-tui watch MODEL` starts one")
    try:
        from trainer_tui.cli.web import run_server
    except ImportError:
        raise ProjectError(
            "a browser needs the package textual-serve", "pip install 'trainer-tui[web]'"
        ) from None
    door = Door(token=token, names=frozenset(wish.names), host=wish.host, open_to_all=not is_local(wish.host))
    try:
        run_server(command, title, door, wish.host, wish.port, told=_tell)
    except (OSError, ValueError) as error:  # a name that no name service takes is no OSError
        why = (isinstance(error, OSError) and error.strerror) or "it is no address"
        raise ProjectError(
            f"{wish.host} port {wish.port} cannot be used: {why}", "choose others with --host and --port"
        ) from None
    return EXIT_PASSED


def token_for(wish: Wish) -> str:
    """The token a visitor must know; empty where none is asked for. Raises ProjectError for a weak one."""
    if wish.token == NEW_TOKEN or (not wish.token and not is_local(wish.host)):
        return secrets.token_urlsafe(24)
    if wish.token and len(wish.token) < SHORTEST_TOKEN:
        raise ProjectError(
            f"a token needs {SHORTEST_TOKEN} characters at least", f"--token {NEW_TOKEN} makes one"
        )
    return wish.token


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _tell(url: str) -> None:
    complain(f"open {url}")
    complain("whoever opens it can do what you can do in `watch`; Ctrl+C ends it, runs go on")
