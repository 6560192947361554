"""What was asked: the plan of a watch and the request of each of its runs, as plain data in `run.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from trainer_tui.runs.schema import SCHEMA, version_of
from trainer_tui.runs.typed import values_for

Phase = Literal["quick", "full"]

PHASES: tuple[Phase, ...] = ("quick", "full")
PHASE_NAMES: dict[str, str] = {"quick": "quick (5A)", "full": "full (5B)"}
PHASE_TITLES: dict[str, str] = {"quick": "Phase 5A (quick validation)", "full": "Phase 5B (full training)"}

MAIN_METRIC = "val_loss"
"""The column that tells better from worse where the settings name none."""


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """Everything the supervisor needs to carry a watch from its first phase to its end, settings included.

    It is copied into every `run.json`, so a supervisor that takes over needs the run folder alone and a
    change of `trainer.toml` in mid-run changes nothing under a running watch.
    """

    model: str
    command: tuple[str, ...]
    cwd: str
    root: str
    phases: tuple[Phase, ...] = PHASES
    is_model: bool = True
    """False for `watch -- CMD`: a command that promised neither results nor a model."""
    sources: tuple[str, ...] = ()
    """Files kept in `source/` at each launch."""
    env: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    skip_quick_reason: str = ""
    data_fraction: float = 0.15
    scale: float = 0.25
    chains_scale: float = 0.5
    quick_limit_s: float = 1800.0
    full_limit_s: float | None = None
    """A limit that ends the full phase, in seconds; None lets it run."""
    min_s: float = 7200.0
    max_s: float = 21600.0
    """The required window of the full phase, in seconds."""
    grace_s: float = 15.0
    """From TERM to KILL."""
    memory_limit_bytes: int | None = None
    restart_max: int = 0
    restart_backoff_s: float = 30.0
    first_progress_s: float = 1200.0
    hang_floor_s: float = 90.0
    hang_factor: float = 5.0
    silent_s: float = 1800.0
    main_metric: str = MAIN_METRIC
    history: str = ""
    """Where the script writes its metrics: a file or folder, absolute or relative to `cwd`; `log` takes what
    it prints, `none` nothing; empty looks for it."""
    converged: str = ""
    ranges: dict[str, str] = field(default_factory=dict)
    """Declared range of each results column, e.g. `{"medals": ">= 0"}`."""
    skipped_gates: dict[str, str] = field(default_factory=dict)
    """Gate name → the reason a person wrote."""
    rules: tuple[dict[str, Any], ...] = ()
    """The user's own rules for the log, as they stand in the settings."""
    disabled_rules: tuple[str, ...] = ()
    """Ids of built-in rules that are switched off."""
    flags: dict[str, Any] = field(default_factory=dict)
    """Red flags that are off (False) or tuned (a table of parameters): see `runs.flags`."""
    index_url: str = ""
    notify_on: tuple[str, ...] = ("failed", "ended", "gate", "silent")
    """What somebody who does not look is told of: see `runs.occasions`."""
    notify_command: tuple[str, ...] = ()
    """The program that tells it, with its arguments."""
    notify_apprise: tuple[str, ...] = ()
    """The services that tell it, by their kind alone: addresses are secrets and stay in the settings."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> WatchPlan:
        """The plan in a `run.json`; keys of another version are ignored, absent ones take their default."""
        return cls(**values_for(cls, data))


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run as asked for: the content of `run.json`."""

    model: str
    number: int
    phase: Phase
    watch: int
    """Number of the first run of this watch."""
    plan: WatchPlan
    command: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    """What is added to the environment of the supervisor."""
    log: str
    """The log file, relative to the run folder."""
    attempt: int = 1
    """Which run of this phase in its watch."""
    retry_of: str = ""
    """Name of the run of an earlier watch that it tries again: the same phase, and nothing passed since."""
    created: str = ""
    host: str = ""
    boot_id: str = ""
    user: str = ""
    python: str = ""
    git: dict[str, Any] = field(default_factory=dict)
    limit_s: float | None = None
    memory_limit_bytes: int | None = None
    source_digest: str = ""
    schema: int = SCHEMA
    """Version of the run folder: see `runs.schema`."""

    @property
    def name(self) -> str:
        """`model_3/007-full`."""
        return f"{self.model}/{self.number:03d}-{self.phase}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunRequest:
        """The request in a `run.json`. Raises KeyError or TypeError when it is not one."""
        values = values_for(cls, data)
        values["plan"] = WatchPlan.from_dict(values["plan"])
        values["schema"] = version_of(data)
        return cls(**values)
