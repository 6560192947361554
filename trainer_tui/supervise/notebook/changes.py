"""What was changed from one run to another: settings in words, code as a patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.diary.markdown import code
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import read_plain
from trainer_tui.runs.secrets import is_secret
from trainer_tui.supervise.notebook.asked import asked_otherwise, outside
from trainer_tui.supervise.notebook.constants import Constant, constants, is_declared, with_values
from trainer_tui.supervise.notebook.imports import LARGEST, MOST_FILES
from trainer_tui.supervise.notebook.patches import unified
from trainer_tui.supervise.notebook.wording import Change, spoken


@dataclass(frozen=True, slots=True)
class Changes:
    """The way from one run to another."""

    settings: tuple[Change, ...] = ()
    patch: str = ""
    """Unified diff of the code, with the settings already as they are now; empty where it is the same."""
    files: tuple[str, ...] = ()
    """The files whose code differs."""
    notes: tuple[str, ...] = ()
    """Differences that nothing here can show, each a few words."""

    def __bool__(self) -> bool:
        return bool(self.settings or self.patch or self.files or self.notes)

    def words(self, most: int = 3) -> str:
        """All of it on one line."""
        said = [change.words for change in self.settings[:most]]
        if len(self.settings) > most:
            said.append(f"{len(self.settings) - most} more settings")
        if self.files:
            said.append(f"code of {_some([code(name) for name in self.files])} changed")
        said += self.notes
        return ", ".join(said) or "nothing was changed"


def changes_between(before: RunFolder, after: RunFolder) -> Changes:
    """What differs in sources, arguments, environment and settings; what cannot be read is left out."""
    first, second = before.request(), after.request()
    old, new = texts_of(before.source), texts_of(after.source)
    settings, patch, files = compare_sources(old, new)
    notes: list[str] = []
    if first is not None and second is not None:
        settings = [*settings, *asked_otherwise(before, after, first, second)]
        notes = outside(first, second) if not (settings or files) else []
    return Changes(tuple(settings), patch, tuple(files), tuple(notes))


def texts_of(folder: Path) -> dict[str, str]:
    """The kept sources of a run by name; what is too long or no text is left out."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*"))[: 2 * MOST_FILES]:
        try:
            if path.is_file() and path.stat().st_size <= LARGEST:
                data = read_plain(path, LARGEST, within=folder)
                if b"\0" not in data:
                    name = path.relative_to(folder).as_posix()
                    found[name] = data.decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:
            continue  # the folder of an old run may be going at this moment
    return found


def compare_sources(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[Change], str, list[str]]:
    """Changed settings, patch of the code, names of the files whose code changed."""
    settings: list[Change] = []
    patch: list[str] = []
    files: list[str] = []
    for name in sorted({*old, *new}):
        before, after = old.get(name, ""), new.get(name, "")
        if before == after and name in old and name in new:
            continue
        if name in old and name in new:
            found, before = _settings(name, before, after)
            settings += found
        if before != after or name not in old or name not in new:
            files.append(name)
            sides = (
                (f"a/{name}" if name in old else "/dev/null"),
                (f"b/{name}" if name in new else "/dev/null"),
            )
            patch += unified(before.splitlines(), after.splitlines(), *sides)
    return settings, "\n".join(patch), files


def _settings(name: str, before: str, after: str) -> tuple[list[Change], str]:
    """The changed settings of one file, and its old text with the values that they have now."""
    suffix = Path(name).suffix
    old, new = constants(before, suffix), constants(after, suffix)
    if old is None or new is None:
        return [], before
    pairs: list[tuple[Constant, Constant]] = []
    for key, now in new.items():
        was = old.get(key, [])
        if len(was) == len(now):
            pairs += [(one, two) for one, two in zip(was, now, strict=True) if one.value != two.value]
    pairs = _outermost(pairs)
    found = [(two.line, _change(name, one, two)) for one, two in pairs]
    for key, now in new.items():
        if key not in old and is_declared(key):
            found.append((now[0].line, _change(name, None, now[0])))
    for key, was in old.items():
        if key not in new and is_declared(key):
            found.append((was[0].line, _change(name, was[0], None)))
    changes = [change for _, change in sorted(found, key=lambda pair: pair[0])]
    return list(dict.fromkeys(changes)), with_values(before, [(one, two.text) for one, two in pairs])


def _outermost(pairs: list[tuple[Constant, Constant]]) -> list[tuple[Constant, Constant]]:
    """The changed settings that lie in no other one: `a = b = 1` is one value, `[{"n": 1}]` one list."""
    kept: list[tuple[Constant, Constant]] = []
    for pair in sorted(pairs, key=lambda pair: (pair[0].span[:2], [-at for at in pair[0].span[2:]])):
        if not kept or kept[-1][0].span[2:] <= pair[0].span[:2]:
            kept.append(pair)
    return kept


def _change(file: str, before: Constant | None, after: Constant | None) -> Change:
    there = after or before
    assert there is not None
    where = f"{code(there.name)} in {code(file)}, line {there.line}"
    texts = [constant.text if constant else "" for constant in (before, after)]
    if is_secret(there.name, there.value):
        texts = ["(secret)" if text else "" for text in texts]
    return Change(spoken(there.name), texts[0], texts[1], where)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
