"""Which names secrets go by: variables, options, keys of a document. Words in tables, no guessing."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE = _words(
    """
    secret secrets password passwords passwd passphrase passcode credential credentials apikey
    apikeys cookie cookies webhook apprise dsn
    """
)
"""Words that make a secret of whatever has them in its name."""

_AT_THE_END = re.compile(r"(password|passwd|secret|(api|secret|access|private)key|(auth|api)token)$")
"""Endings of words written together, as in `PGPASSWORD`."""

_LAST = _words(
    """
    token key auth pass pwd pat jwt bearer authorization
    """
)
"""Words that do so as the last one."""

_PLURAL = frozenset({"tokens", "keys"})
GRANTING = _words(
    """
    access account admin api app auth aws azure bearer bot client deploy encryption gh github gitlab
    google hf hub id license login master openai private refresh secret service session signing
    slack ssh storage user wandb
    """
)
"""What stands before `keys` or `tokens` where they open something: `max_tokens` and `dict_keys` do not."""

_HARMLESS_LAST = _words(
    """
    file path dir folder sock socket id name names url uri host type len length size
    """
)
"""`SSH_AUTH_SOCK`, `TOKEN_FILE`: where it is, not what it is. An address is judged by its shape."""

_HARMLESS_BEFORE = {
    "token": _words(
        """
    additional audio bos class cls end eos extra first image last mask max min new next num pad per
    prompt sep special start stop trigger unk video
    """
    ),
    "key": _words(
        """
    answer audio batch cache caption chosen column data dataset dict eval feature foreign group hot
    image index input item join label main map mask metric model order output partition primary
    prompt public question rejected response row sentence shift sort state target test text train
    val video weight
    """
    ),
    "pass": _words(
        """
    backward first forward last n num second single
    """
    ),
    "pwd": _words(
        """
    old
    """
    ),
}
_NO_SECRETS = frozenset({"PWD", "OLDPWD"})

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""The words of a name, in whatever case it is written."""


def is_secret_name(name: str) -> bool:
    """Whether a variable, an option or a key goes by a name that secrets have."""
    if name in _NO_SECRETS:
        return False
    words = [word.lower() for word in WORD.findall(name[:200])]
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _HARMLESS_LAST:
        return False
    if any(word in _ANYWHERE or _AT_THE_END.search(word) for word in words):
        return True
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _PLURAL:
        return before in GRANTING
    return last in _LAST and before not in _HARMLESS_BEFORE.get(last, ())
