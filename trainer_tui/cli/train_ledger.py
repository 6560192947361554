"""`train splits` and `train unlock`: which test and holdout parts are open, and who looked at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import complain, print_json, say, table
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from trainer_tui.training.database.standing import SplitStanding

SPLITS_EPILOG = "Exit codes: 0 the ledger is in order; 1 a rule is missing or was gone around; 2 bad usage."
UNLOCK_EPILOG = "Exit codes: 0 unlocked; 2 there is nothing to unlock, no reason was given, or bad usage."

HEADER = ("split", "data", "target", "by", "rows", "test", "holdout")


def splits(name: str, as_json: bool, database: str = "") -> int:
    """List the registered splits, or tell the ledger of one; `EXIT_FAILED` when the rules are not whole.

    database: its SQLAlchemy URL; that of the run index without it.
    """
    with _database(database) as engine:
        if engine is None:
            if as_json:
                print_json({"splits": [], "problems": []})
            else:
                say("no split is registered yet: `trainer-tui train` does it")
            return EXIT_PASSED
        from trainer_tui.training.database.standing import find_split, standings
        from trainer_tui.training.database.verify import verify

        found = [find_split(engine, name)] if name else standings(engine)
        problems = verify(engine)
    if as_json:
        print_json({"splits": [one.to_dict() for one in found], "problems": problems})
    elif name:
        _tell(found[0])
    elif found:
        table([_line(one) for one in found], HEADER)
    else:
        say("no split is registered yet: `trainer-tui train` does it")
    for problem in problems:
        complain(problem)
    if not as_json and not problems:
        say("✔ every rule of the ledger is in place")
    return EXIT_FAILED if problems else EXIT_PASSED


def unlock(name: str, test: bool, holdout: bool, why: str, as_json: bool, database: str = "") -> int:
    """Allow one evaluation more of the test part, or one of the holdout; who and why stay in the ledger."""
    if test == holdout:
        raise ProjectError("which part?", "give one of --test and --holdout")
    place = open_site(without_project=True)
    with _database(database) as engine:
        if engine is None:
            raise ProjectError("no split is registered yet", "`trainer-tui train` does it")
        from trainer_tui.training.database import journal, ledger
        from trainer_tui.training.database.errors import DatabaseError
        from trainer_tui.training.database.standing import find_split

        split = find_split(engine, name)
        grant = ledger.unlock(engine, split.split_id, "test" if test else "holdout", why)
        try:
            journal.keep(engine, _folder(place), split.split_id)
        except DatabaseError as error:
            complain(str(error))  # the ledger itself has it
    if as_json:
        print_json(grant.to_dict())
    else:
        say(f"{grant.part} of split {_short(grant.split_id)} is open for one evaluation; that is recorded")
    return EXIT_PASSED


def _folder(place: Site) -> Path:
    return place.project.output / "splits"


@contextmanager
def _database(url: str) -> Iterator[Engine | None]:
    """The project's database; None where there is none yet. Errors of the pipeline become ProjectErrors."""
    place = open_site(without_project=True)
    url = url or place.project.index_url
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        yield None
        return
    try:
        from trainer_tui.training.database.opening import open_database
        from trainer_tui.training.errors import ModelTrainerError
    except ImportError as error:
        raise ProjectError(f"{error.name} is not installed", "pip install 'trainer-tui[sklearn]'") from None
    try:
        engine = open_database(url)
        try:
            yield engine
        finally:
            engine.dispose()
    except ModelTrainerError as error:
        raise ProjectError(str(error)) from None


def _short(split_id: str) -> str:
    return split_id[:16]


def _line(one: SplitStanding) -> tuple[str, ...]:
    about = one.about
    rows = sum(about[f"{part}_rows"] for part in ("train", "validation", "test", "holdout"))
    return (
        _short(one.split_id),
        str(about["dataset"]),
        str(about["target"]),
        str(about["strategy"]),
        f"{rows:,}",
        _part(one, "test"),
        _part(one, "holdout"),
    )


WORDS = {
    "open": "not evaluated yet",
    "unlocked": "unlocked for one",
    "spent": "evaluated",
    "locked": "locked",
}


def _part(one: SplitStanding, part: str) -> str:
    """`evaluated (2 times, 2026-01-25 by cancer/002-full)`."""
    entries = [entry for entry in one.evaluations if entry.part == part]
    word = WORDS[one.state(part)]
    if not entries:
        return f"{word} (with another split of these data)" if one.state(part) == "spent" else word
    times = "once" if len(entries) == 1 else f"{len(entries)} times"
    last = entries[-1]
    seen = f"{times}, {last.opened_at[:10]} by {last.training_run_id}"
    return f"{word} ({seen})" if one.state(part) == "spent" else f"{word} (evaluated {seen})"


def _tell(one: SplitStanding) -> None:
    """Everything about one split."""
    from trainer_tui.training.database.moments import day

    about: dict[str, Any] = one.about
    say(f"split {one.split_id}")
    say(f"  {about['dataset']} → {about['target']}, {about['strategy']}, seed {about['seed']}")
    say(f"  registered on {day(about['registered_at'])} by {about['registered_by']}")
    for part in ("train", "validation", "test", "holdout"):
        standing = f"  {_part(one, part)}" if part in ("test", "holdout") else ""
        say(f"  {part:<10} {about[f'{part}_rows']:>9,} rows{standing}")
    if one.same_data:
        named = ", ".join(_short(name) for name in one.same_data)
        say(f"  other splits of the same data: {named}")
    for grant in one.grants:
        say(f"  unlocked   {day(grant.granted_at)} {grant.part} by {grant.granted_by}: {grant.reason}")
    for entry in one.evaluations:
        end = f"metrics {entry.metrics_digest[:12]}" if entry.metrics_digest else "no metrics were written"
        again = f", taken up {entry.openings - 1} times after a kill" if entry.openings > 1 else ""
        who = f"{entry.training_run_id} ({entry.opened_by})"
        say(f"  evaluated  {day(entry.opened_at)} {entry.part} by {who}: {entry.purpose}, {end}{again}")
