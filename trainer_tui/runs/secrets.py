"""What looks like a secret, by its name (`secret_names`) or by its shape, and texts without it.

A variable, an option or a key of a document is judged by the words of its name; any text by the shapes that
services give their tokens. What is known to be a secret of a run is hidden wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar

from trainer_tui.runs.secret_names import GRANTING, WORD, is_secret_name

HIDDEN = "•••"

_T = TypeVar("_T")

_NO_VALUES = frozenset(
    {"", "0", "1", "true", "false", "yes", "no", "on", "off", "none", "null", "auto", "default"}
)


def is_secret(name: str, value: str) -> bool:
    """Whether a variable looks as if it held a secret, by its name or by the shape of its value."""
    if value.lower() in _NO_VALUES:
        return False
    if is_secret_name(name) and not (value.startswith(("/", "~/", "./")) and _is_place(name)):
        return True
    return masked_text(value) != value


def _is_place(name: str) -> bool:
    return "credential" in name.lower() or "cookie" in name.lower()


# ------------------------------------------------------------------------------------------------ by shape

_TOKENS: tuple[tuple[str, str], ...] = (
    ("://", r"(?P<kept>://[^/\s@:'\"<>]*:)[^/\s@'\"<>]+(?=@)"),  # https://user:password@host
    ("://", r"(?P<kept>://)[A-Za-z0-9_~.-]{20,}(?=@)"),  # https://token@host
    ("KIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),  # Amazon Web Services
    ("ASIA", r"\bASIA[A-Z0-9]{16}\b"),
    ("gh", r"\bgh[pousr]_[A-Za-z0-9]{20,255}\b"),  # GitHub
    ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{20,255}\b"),
    ("glpat-", r"\bglpat-[A-Za-z0-9_-]{16,}"),  # GitLab
    ("hf_", r"\bhf_[A-Za-z0-9]{20,}\b"),  # Hugging Face
    ("api_org_", r"\bapi_org_[A-Za-z0-9]{20,}\b"),
    ("sk-", r"\bsk-[A-Za-z0-9_-]{20,}"),  # OpenAI and others
    ("_live_", r"\b[rs]k_live_[A-Za-z0-9]{16,}\b"),  # Stripe
    ("gsk_", r"\bgsk_[A-Za-z0-9]{32,}\b"),  # Groq
    ("nvapi-", r"\bnvapi-[A-Za-z0-9_-]{32,}"),  # NVIDIA
    ("wandb_v", r"\bwandb_v\d+_[A-Za-z0-9_]{20,}\b"),  # Weights & Biases
    ("xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),  # Slack
    ("xapp-", r"\bxapp-[A-Za-z0-9-]{10,}"),
    ("hooks.slack.com/", r"(?P<kept>hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]{8,}"),
    ("/api/webhooks/", r"(?P<kept>discord(?:app)?\.com/api/webhooks/)[\w/-]{8,}"),  # Discord
    (":", r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b"),  # Telegram
    ("AIza", r"\bAIza[A-Za-z0-9_-]{35}"),  # Google
    ("ya29.", r"\bya29\.[A-Za-z0-9_-]{20,}"),
    ("dapi", r"\bdapi[0-9a-f]{32}\b"),  # Databricks
    ("r8_", r"\br8_[A-Za-z0-9]{37}\b"),  # Replicate
    ("npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("pypi-", r"\bpypi-[A-Za-z0-9_-]{40,}"),
    ("SG.", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),  # SendGrid
    ("hvs.", r"\bhvs\.[A-Za-z0-9_-]{20,}"),  # Vault
    ("AccountKey=", r"(?P<kept>AccountKey=)[A-Za-z0-9+/=]{20,}"),  # Azure
    ("eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),  # JSON Web Token
    ("eyJ", r"\beyJ[A-Za-z0-9+/]{60,}={0,2}"),  # Neptune: JSON in base64
    ("PRIVATE KEY", r"(?P<kept>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----)(?:(?!-----)[\s\S]){1,20000}+"),
    ("password", r"(?P<kept>\bmachine\s+\S+\s+login\s+\S+\s+password\s+)\S+"),  # .netrc
)
"""What has to be in a text for it to be looked at, and the shape; what is `kept` stays."""

_IN_WORDS: tuple[str, ...] = (
    r"(?i)(?P<kept>\b(?:bearer|basic)\s+)(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*",
    r"(?i)(?P<kept>\bapi[ _-]?key\b[^\n]{0,80}?\b)[0-9a-f]{40}\b",  # Weights & Biases: hex like a commit
    r"(?i)(?P<kept>\bwandb(?:\.login\(|\s+login\s)[^\n]{0,40}?\b)[0-9a-f]{40}\b",
)
"""Shapes that only the words around them make a secret."""

_CLUES = (
    *("secret", "passw", "passphrase", "token", "key", "auth", "credential", "cookie", "bearer", "wandb"),
    *("_pwd", "_pat", "dsn", "jwt"),
)
"""One of them stands in every name of a secret in a text."""

_ASSIGNED = re.compile(
    r"(?<![\w.-])(?P<name>-{0,2}[A-Za-z][\w.-]{1,80}+)(?P<close>[\"']?+\]?+)(?P<equals>\s{0,2}+(?:=>|[=:])\s{0,2}+)"
    r"(?P<quote>[bfru]?[\"'])?(?P<value>[^\s\"',;&)}\]]{6,})"
)
_OPTION_VALUE = re.compile(
    r"(?<!\S)(?P<name>--?[A-Za-z][\w.-]{1,80}+)(?P<equals>[ ]++)(?P<value>[^\s'\"-]\S{5,})"
)
_NAME_IN_CODE = re.compile(r"[A-Za-z_][A-Za-z_.]*\d{0,2}")
_TELLING = re.compile(r"[\d!@#$%^&+=]")
_HEX = re.compile(r"[0-9a-f]{40}", re.I)
_NUMBER = re.compile(r"[-+]?[\d.,:_]+(?:e[-+]?\d+)?%?", re.I)


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((needle, re.compile(shape)) for needle, shape in _TOKENS)


@cache
def _in_words() -> tuple[re.Pattern[str], ...]:
    return tuple(map(re.compile, _IN_WORDS))


def masked_text(text: str, known: Collection[str] = ()) -> str:
    """A text without the values that are `known` to be secrets and without what has the shape of one."""
    if known:
        for value in sorted(known, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
    for needle, shape in _shapes():
        if needle in text:
            text = shape.sub(_kept, text)
    low = text.lower()
    if any(clue in low for clue in _CLUES):
        for shape in _in_words() if "bearer" in low or "basic" in low or _HEX.search(low) else ():
            text = shape.sub(_kept, text)
        if "=" in text or ":" in text:
            text = _without_assigned(text)
        if "-" in text:
            text = _OPTION_VALUE.sub(_option, text)
    return text


def _kept(match: re.Match[str]) -> str:
    return (match.groupdict().get("kept") or "") + HIDDEN


def _without_assigned(text: str) -> str:
    parts, at = [], 0
    while match := _ASSIGNED.search(text, at):
        # What stands behind a harmless name is looked at again: `url=https://…?token=…`.
        secret = is_secret_name(match["name"])
        end = match.end() if secret else match.end("equals")
        parts.append(text[at : match.start()] + (_assigned(match) if secret else text[match.start() : end]))
        at = end
    return "".join(parts) + text[at:] if parts else text


def _assigned(match: re.Match[str]) -> str:
    """`HF_TOKEN=…`, `"password": "…"`: masked unless the value is a number, a placeholder, a name in code."""
    name, value = match["name"], match["value"]
    if value.startswith(HIDDEN) or _is_harmless(value):
        return match[0]
    shell_like = name.isupper() and match["equals"] == "=" and not match["quote"]
    if not shell_like:
        words = [word.lower() for word in WORD.findall(name)]
        if words[-1] == "key" and not GRANTING.intersection(words):
            return match[0]  # a key of a table
        if words in (["token"], ["auth"], ["pass"]) and not _is_random(value):
            return match[0]  # a token of a text
        if not match["quote"] and match["equals"].endswith(" ") and not _TELLING.search(value):
            return match[0]  # a sentence
        if not match["quote"] and _NAME_IN_CODE.fullmatch(value) and not value[-1].isdigit():
            return match[0]
    return match[0][: match.start("value") - match.start()] + HIDDEN


def _option(match: re.Match[str]) -> str:
    value = match["value"]
    if not is_secret_name(match["name"]) or value.startswith(HIDDEN) or _is_harmless(value):
        return match[0]
    return match[0] if value.isalpha() and len(value) < 16 else f"{match['name']}{match['equals']}{HIDDEN}"


def _is_harmless(value: str) -> bool:
    if value.lower() in _NO_VALUES or _NUMBER.fullmatch(value):
        return True
    return value[0] in "<[({$%*/~.`" or "(" in value or "[" in value or value.startswith("os.environ")


def _is_random(value: str) -> bool:
    return len(value) >= 16 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


# -------------------------------------------------------------------------------- variables, command lines

_OPTION = re.compile(r"(-{1,2}[A-Za-z][\w.-]*|[A-Za-z_]\w*)=(.*)", re.S)

_SHORTEST = 6
"""Characters of a value that is looked for in other texts; shorter ones are words of everyday."""

_EVERYDAY = frozenset(
    {"anonymous", "disabled", "dryrun", "enabled", "offline", "online", "password", "secret", "training"}
)


def masked_values(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables, the values of those that look like secrets hidden."""
    return {name: _hidden(value) if is_secret(name, value) else value for name, value in environ.items()}


def _hidden(value: str) -> str:
    """An address keeps all but its password; everything else is a secret as a whole."""
    shown = masked_text(value) if "://" in value else value
    return shown if shown != value else HIDDEN


def masked_command(words: Sequence[str]) -> list[str]:
    """The words of a command line, without the values of `--token X`, `--api-key=X` or `TOKEN=X`."""
    found: list[str] = []
    value_follows = False
    for word in words:
        option = _OPTION.fullmatch(word)
        if value_follows and not word.startswith("-"):
            found.append(HIDDEN)
        elif option is not None and is_secret_name(option[1]) and option[2].lower() not in _NO_VALUES:
            found.append(f"{option[1]}={_hidden(option[2])}")
        else:
            found.append(masked_text(word))
        value_follows = option is None and word.startswith("-") and is_secret_name(word)
    return found


def secrets_of(environ: Mapping[str, str], words: Sequence[str] = ()) -> frozenset[str]:
    """The secret values among variables and the words of a command, to be hidden wherever they stand."""
    values = {value for name, value in environ.items() if is_secret(name, value) and "://" not in value}
    for word, shown in zip(words, masked_command(words), strict=True):
        if word != shown and "://" not in word:
            option = _OPTION.fullmatch(word)
            values.add(option[2] if option is not None else word)
    return frozenset(v for v in values if _can_be_looked_for(v))


def _can_be_looked_for(value: str) -> bool:
    if len(value) < _SHORTEST or value.isdigit() or value[0] in "./~":
        return False
    return value.lower() not in _EVERYDAY


# -------------------------------------------------------------------------------------------- whole documents

_ENVIRONMENTS = frozenset({"env", "environment"})
"""Keys of a document under which variables stand."""


def masked_document(thing: Any, known: Collection[str] = (), key: str = "") -> Any:
    """Plain data (as of JSON) without secrets: lists of words are read as a command, tables by their keys."""
    if isinstance(thing, str):
        hide = key and is_secret_name(key) and not _is_harmless(thing or "0") and " " not in thing
        return HIDDEN if hide and len(thing) >= _SHORTEST and _is_random(thing) else masked_text(thing, known)
    if isinstance(thing, dict):
        if key in _ENVIRONMENTS and all(isinstance(value, str) for value in thing.values()):
            return {name: masked_text(value, known) for name, value in masked_values(thing).items()}
        return {name: masked_document(value, known, str(name)) for name, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        if thing and all(isinstance(word, str) for word in thing):
            return [masked_text(word, known) for word in masked_command(thing)]
        return [masked_document(each, known) for each in thing]
    return thing


def mapped(thing: _T, change: Callable[[str], str]) -> _T:
    """Anything made of frozen dataclasses, tuples, lists and tables, every text in it changed."""
    result: _T = _mapped(thing, change)
    return result


def _mapped(thing: Any, change: Callable[[str], str]) -> Any:
    if isinstance(thing, str):
        return change(thing)
    if isinstance(thing, tuple):
        # Most of a page is numbers of curves, which hold nothing to hide.
        plain = thing and isinstance(thing[0], float)
        return thing if plain else tuple(_mapped(each, change) for each in thing)
    if isinstance(thing, list):
        return [_mapped(each, change) for each in thing]
    if isinstance(thing, dict):
        return {name: _mapped(value, change) for name, value in thing.items()}
    if is_dataclass(thing) and not isinstance(thing, type):
        return replace(thing, **{f.name: _mapped(getattr(thing, f.name), change) for f in fields(thing)})
    return thing
