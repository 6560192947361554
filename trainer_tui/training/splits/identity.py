"""Row ids as numbers that look random: the order in which rows are dealt out, and the id of a split."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer_tui.training.splits.split import Split


def mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64, a bijection (Steele, Lea, Flood: Fast splittable generators, OOPSLA
    2014)."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def hashes(ids: pd.Index, seed: int) -> npt.NDArray[np.uint64]:
    """(n,): one number for each id. It depends on the id and the seed alone, not on where the row stands."""
    if ids.dtype.kind in "iu":
        base = ids.to_numpy().astype(np.int64).view(np.uint64)
    else:
        base = pd.util.hash_array(texts(ids), categorize=False)
    salt = mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
    return mix(base ^ salt)


def texts(ids: pd.Index) -> npt.NDArray[np.object_]:
    """(n,): the ids as text."""
    return np.array([str(i) for i in ids], dtype=object)


def identify(split: Split, fingerprint: str, target: str) -> str:
    """The `split_id`. Without the fingerprint, two data sets with row numbers as ids would share one."""
    head = [split.strategy, split.seed, split.group, split.time, split.gap, fingerprint, target]
    digest = hashlib.sha256(json.dumps(head).encode())
    order = np.argsort(hashes(split.ids, 0), kind="stable")
    if split.ids.dtype.kind in "iu":
        digest.update(split.ids.to_numpy().astype("<i8")[order].tobytes())
    else:
        digest.update("\x1f".join(texts(split.ids)[order]).encode(errors="surrogatepass"))
    digest.update(split.codes.astype(np.int8)[order].tobytes())
    return digest.hexdigest()
