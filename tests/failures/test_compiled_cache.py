"""Compiled rules in the user's cache folder: used where they can be trusted, made anew where not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hyperscan
import pytest

from trainer_tui.failures import compiled_cache
from trainer_tui.failures.compiling import compile_kept, first_ends

KEY = compiled_cache.key_of([b"rules"])
PARTS = [b"first" * 1000, b"", b"third"]
PATTERNS = ([(7, "boom[0-9]", "one")], [(8, "^calm$", "two")])


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "trainer-tui"


def only(cache: Path) -> Path:
    (path,) = cache.iterdir()
    return path


def works() -> bool:
    first, second = compile_kept(PATTERNS)
    return first_ends(first, hyperscan.Scratch(first), b"a boom7") == {7: 7} and first_ends(
        second, hyperscan.Scratch(second), b"calm"
    ) == {8: 4}


def test_what_was_saved_is_loaded(cache: Path) -> None:
    assert compiled_cache.load(KEY, 3) is None
    compiled_cache.save(KEY, PARTS)
    assert compiled_cache.load(KEY, 3) == PARTS
    assert compiled_cache.load(KEY, 2) is None
    assert compiled_cache.load(compiled_cache.key_of([b"rule", b"s"]), 3) is None
    assert cache.stat().st_mode & 0o777 == 0o700 and only(cache).stat().st_mode & 0o777 == 0o600


def test_a_second_start_uses_the_first_ones_work(cache: Path) -> None:
    assert works()
    made = only(cache).stat().st_ino
    assert works()
    assert only(cache).stat().st_ino == made


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def open_to_others(path: Path) -> None:
    path.chmod(0o666)


def link(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [flip, cut, empty, open_to_others, link, pipe, folder])
def test_a_file_that_cannot_be_trusted_is_ignored(cache: Path, harm: Callable[[Path], None]) -> None:
    compiled_cache.save(KEY, PARTS)
    harm(only(cache))
    assert compiled_cache.load(KEY, 3) is None
    compiled_cache.save(KEY, PARTS)
    if harm is not folder:
        assert compiled_cache.load(KEY, 3) == PARTS


@pytest.mark.parametrize("harm", [flip, cut, open_to_others, folder])
def test_rules_work_whatever_became_of_the_file(cache: Path, harm: Callable[[Path], None]) -> None:
    assert works()
    harm(only(cache))
    assert works()


def test_a_folder_that_others_may_write_into_is_not_used(cache: Path) -> None:
    compiled_cache.save(KEY, PARTS)
    cache.chmod(0o777)
    assert compiled_cache.load(KEY, 3) is None
    only(cache).unlink()
    compiled_cache.save(KEY, PARTS)
    assert list(cache.iterdir()) == [] and works()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_not_used(cache: Path) -> None:
    compiled_cache.save(KEY, PARTS)
    os.chown(only(cache), 65534, 65534)
    assert compiled_cache.load(KEY, 3) is None


def test_without_a_place_to_write_rules_are_compiled(cache: Path) -> None:
    cache.parent.joinpath("trainer-tui").write_text("a file is in the way")
    assert works() and works()


def test_a_database_of_another_engine_is_made_anew(cache: Path) -> None:
    assert works()
    path = only(cache)
    key = path.name.removeprefix("rules-").removesuffix(".hsdb")
    compiled_cache.save(key, [b"not a database", b"neither"])
    assert works()
    assert compiled_cache.load(key, 2) != [b"not a database", b"neither"]


def test_old_files_go(cache: Path) -> None:
    for number in range(9):
        key = compiled_cache.key_of([b"%d" % number])
        compiled_cache.save(key, PARTS)
        os.utime(cache / f"rules-{key}.hsdb", (1000 + number, 1000 + number))
    (cache / "rules-x.new").write_bytes(b"left behind")
    os.utime(cache / "rules-x.new", (1000, 1000))
    (cache / "notes.txt").write_text("not ours to remove")
    compiled_cache.save(KEY, PARTS)
    kept = {path.name for path in cache.iterdir()}
    assert f"rules-{KEY}.hsdb" in kept and "notes.txt" in kept and "rules-x.new" not in kept
    newest = {f"rules-{compiled_cache.key_of([b'%d' % number])}.hsdb" for number in range(5, 9)}
    assert kept == {f"rules-{KEY}.hsdb", "notes.txt"} | newest


def test_processes_that_start_at_once_do_not_disturb_each_other(cache: Path) -> None:
    code = (
        "from trainer_tui.failures import Scanner\n"
        "scanner = Scanner()\n"
        "print([i.kind for i in scanner.feed(b'CUDA out of memory\\n') + scanner.finish()])"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [job.communicate(timeout=120)[0].strip() for job in started] == ["['cuda-oom']"] * 4
    assert [path.suffix for path in cache.iterdir()] == [".hsdb"]
