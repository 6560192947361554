"""Who may come in: a visitor's request is held against its Host, its Origin and the token. Pure functions."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Door:
    """What a request must have to be answered."""

    token: str
    """Empty: none is asked for."""
    names: frozenset[str]
    """Names of this machine beside those it knows."""
    host: str
    """The address that is listened on."""
    open_to_all: bool
    """Whether other machines reach it."""

    def refusal(self, headers: Mapping[str, str]) -> str:
        """Why a request is not answered, by where it says it goes and comes from; empty when it may.

        Somebody else's page can make a browser ask us for anything: under a name of its own that leads to
        this machine (DNS rebinding), or from its own origin (a websocket knows no same-origin rule).
        """
        host = headers.get("Host", "")
        name = name_of(host)
        if name is None or not self._is_ours(name):
            return "this server does not go by that name; --name NAME allows one more"
        origin = headers.get("Origin")
        if origin is not None and _place_of(origin) != host.lower():
            return "requests of other pages are refused"
        if (
            headers.get("Sec-Fetch-Site", "none") == "cross-site"
            and headers.get("Sec-Fetch-Mode") != "navigate"
        ):
            return "requests of other pages are refused"
        return ""

    def knows(self, given: str | None) -> bool:
        """Whether that is the token, found out in the same time whatever is given."""
        return bool(self.token) and same(given or "", self.token)

    def _is_ours(self, name: str) -> bool:
        if name in _LOCAL_NAMES or name in {each.lower() for each in self.names}:
            return True
        if not self.open_to_all:
            return False
        # An address is no name that somebody could have made to lead here.
        return _is_address(name) or name in {self.host.lower(), *own_names()}


def name_of(host: str) -> str | None:
    """The name in a Host header, in lower case and without its port; None where there is none."""
    try:
        return urlsplit(f"//{host}").hostname if host and "/" not in host and "@" not in host else None
    except ValueError:
        return None


def _place_of(origin: str) -> str | None:
    """Name and port of an Origin header, in lower case; None where there is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def own_names() -> set[str]:
    """What this machine calls itself, whole and short."""
    name = socket.gethostname().lower()
    return {name, name.partition(".")[0]} - {""}


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same; takes the same time wherever they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
