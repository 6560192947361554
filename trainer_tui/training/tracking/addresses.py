"""Where to send: the local database of the project, or a server; and addresses that may be shown."""

from __future__ import annotations

from pathlib import Path

from trainer_tui.training.data.secrets import public, resolved, scrubbed

NONE = "none"
DATABASE = "mlflow.db"
ARTIFACTS = "mlflow-artifacts"
_SQLITE = "sqlite:///"


def local_uri(output: Path) -> str:
    """The database in the project's output folder, where no server is named."""
    return f"{_SQLITE}{(output / DATABASE).absolute()}"


def destination(uri: str, run_folder: Path) -> str:
    """The address to use: as given, out of the environment (`env:NAME`), or the local one. Raises
    DataSourceError.

    A run folder is `output/MODEL/NUMBER-PHASE`.
    """
    return resolved(uri) if uri else local_uri(run_folder.absolute().parent.parent)


def artifact_location(uri: str) -> str | None:
    """Where artifacts go: beside a local database; None: as the server wants it."""
    if not uri.startswith(_SQLITE):
        return None
    return (Path(uri.removeprefix(_SQLITE)).parent / ARTIFACTS).as_uri()


def database_lock(uri: str) -> Path | None:
    """The file to lock while a local database is made or changed: two processes must not create its tables at
    once."""
    if not uri.startswith(_SQLITE):
        return None
    path = Path(uri.removeprefix(_SQLITE))
    return path.with_name(f".{path.name}.lock")


def shown(uri: str) -> str:
    """The address without passwords and tokens."""
    return public(uri)


def cleaned(text: str, uri: str) -> str:
    """A message without what is secret in the address."""
    return scrubbed(text, uri)
