"""Every package that is asked for has its version in a constraints file; nothing of ours loads what runs code."""

import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pinned(extra: str = "") -> dict[str, str]:
    """Versions of an extra that has a file of its own (`constraints-feast.txt`), else of everything."""
    own = ROOT / f"constraints-{extra}.txt"
    text = (own if own.is_file() else ROOT / "constraints.txt").read_text()
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {
        canonicalize_name(name): version
        for name, _, version in (line.partition("==") for line in lines if line)
    }


def test_every_package_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = canonicalize_name(project["name"])
    extras = project["optional-dependencies"]
    assert not {f.stem.partition("-")[2] for f in ROOT.glob("constraints-*.txt")} - extras.keys()
    for extra, asked in {"": project["dependencies"], **extras}.items():
        assert missing_of(asked, pinned(extra), own) == set(), extra
        assert all(re.fullmatch(r"\d[\w.+!]*", version) for version in pinned(extra).values())


def missing_of(asked: list[str], known: dict[str, str], own: str) -> set[str]:
    """What of these packages, and of those that they need, has no version."""
    waiting = [Requirement(text) for text in asked]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    missing: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), tuple(sorted(wanted.extras)) or ("",)
        if name == own or (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name not in known:
            missing.add(name)
        try:
            further = requires(wanted.name) or []
        except PackageNotFoundError:
            continue  # not in this environment: what it needs is not known here
        for text in further:
            one = Requirement(text)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(one)
    of_machines = re.compile(r"^(nvidia-.*|triton|cuda-.*)$")  # of torch, for one kind of machine
    return {name for name in missing if not of_machines.match(name)}


def test_an_audit_that_could_not_look_fails_and_says_so(tmp_path):
    """`make audit` without a network: no pip finds anything, and nobody takes that for a clean bill."""
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python3").chmod(0o755)
    recipe = (ROOT / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    assert "exit 0" not in recipe and recipe.count("audit failed:") == 4
    done = subprocess.run(
        ["make", "-s", "-o", ".venv/.made", "audit", f"PYTHON={tmp_path}/python3"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr.splitlines()[0].startswith("audit failed: ")


def test_no_pickle_no_eval_no_shell():
    """What would run what a file says is in one place each, and these places are known."""
    dangerous = re.compile(
        r"\b(pickle\.loads?|joblib\.load|torch\.load|yaml\.(unsafe_)?load|marshal\.loads?|dill\.loads?)\("
        r"|allow_pickle\s*=\s*True|shell\s*=\s*True|os\.(system|popen)\(|(?<![.\w])(eval|exec)\("
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "trainer_tui").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if dangerous.search(line)
    ]
    # The last resort of `training.artifacts.load`, which a caller has to ask for: `allow_pickle=True`.
    asked_for = "trainer_tui/training/artifacts/formats.py"
    assert {line.partition(":")[0] for line in found} == {asked_for}, found


def test_files_are_opened_through_the_one_door():
    """A plain `open()` of the rooms that read run folders waits on a named pipe; what is left is named here."""
    bare = re.compile(r"(?<![\w.])open\((?!\))|\bos\.open\(|\.read_bytes\(|\.read_text\(")
    allowed = re.compile(
        r"opener=|/proc/|/sys/|devnull|O_EXCL|__file__|exec|/dev/tty|O_NONBLOCK|cgroup|def open|SCHEMA|\.new\b|O_DIRECTORY"
    )
    rooms = ("runs", "report")
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for room in rooms
        for path in sorted((ROOT / "trainer_tui" / room).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line) and not allowed.search(line) and path.name not in ("plain.py", "html.py")
    ]
    assert found == []
