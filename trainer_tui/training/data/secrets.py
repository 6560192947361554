"""Addresses of databases carry passwords: these are never stored, shown or part of an error."""

from __future__ import annotations

import os
import re
from urllib.parse import parse_qsl, quote_plus, unquote, urlencode, urlsplit, urlunsplit

from trainer_tui.training.errors import DataSourceError

ENVIRONMENT = "env:"
"""`env:NAME`: the address stands in that environment variable, so that no file and no process list has it."""

_URL = re.compile(r"^[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
_SECRET_KEY = re.compile(r"pass|pwd|secret|token|key|credential|auth|sig", re.IGNORECASE)
HIDDEN = "***"


def is_url(source: str) -> bool:
    """Whether a source is an address, as `postgresql://…`."""
    return bool(_URL.match(source))


def resolved(source: str) -> str:
    """The source itself, `env:NAME` looked up. Raises DataSourceError when the variable is not set."""
    if not source.startswith(ENVIRONMENT):
        return source
    name = source.removeprefix(ENVIRONMENT)
    value = os.environ.get(name, "")
    if not value:
        raise DataSourceError(
            f"The environment variable {name}, which should hold the address of the data, is not set: "
            f"export {name}=… before the training starts."
        )
    return value


def public(source: str) -> str:
    """The source without passwords, tokens and keys; anything that is no address comes back as it is."""
    if not is_url(source):
        return source
    parts = urlsplit(source)
    user, at, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    netloc = f"{name}{colon}{HIDDEN if password else ''}{at}{host}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    query = parts.query
    if any(_SECRET_KEY.search(key) for key, _ in pairs):
        hidden = [(key, HIDDEN if _SECRET_KEY.search(key) else value) for key, value in pairs]
        query = urlencode(hidden, safe="*/:")
    return (
        urlunsplit((parts.scheme, netloc, parts.path, query, ""))
        if (password or query != parts.query)
        else source
    )


def scrubbed(text: str, source: str) -> str:
    """A message of a driver without what is secret in the address, however it is written there."""
    parts = urlsplit(source)
    user, _, _ = parts.netloc.rpartition("@")
    secrets = [user.partition(":")[2]]
    secrets += [value for key, value in parse_qsl(parts.query) if _SECRET_KEY.search(key)]
    text = text.replace(source, public(source))
    for secret in secrets:
        for form in {secret, unquote(secret), quote_plus(secret)} - {""}:
            text = text.replace(form, HIDDEN)
    return text
