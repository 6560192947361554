"""The tables and keys of `trainer.toml`: what each means, its default, what it allows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    field_validator,
)

from trainer_tui.runs.conditions import (
    ALLOWED_CONDITIONS,
    ALLOWED_RANGES,
    Condition,
    Range,
    parse_condition,
    parse_range,
)


def _range(value: Any) -> Range:
    if isinstance(value, Range):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a range is a text in quotes; allowed: {ALLOWED_RANGES}")
    return parse_range(value)


def _condition(value: Any) -> Condition:
    if isinstance(value, Condition):
        return value
    if not isinstance(value, str):
        raise ValueError(f"a condition is a text in quotes; allowed: {ALLOWED_CONDITIONS}")
    return parse_condition(value)


RangeText = Annotated[Range, PlainValidator(_range), PlainSerializer(str)]
ConditionText = Annotated[Condition, PlainValidator(_condition), PlainSerializer(str)]
Reason = Annotated[str, Field(min_length=1, pattern=r"\S")]


class _Table(BaseModel):
    """A table of the file: no key that we do not know, no value of another type, no change afterwards."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class ProjectSettings(_Table):
    """[project]: folders, relative to the folder of `trainer.toml` or absolute."""

    models: str = Field(default="models", min_length=1)
    """Where the models are."""
    output: str = Field(default="output", min_length=1)
    """Where run folders, the diary and the run index go."""
    logs: str = Field(default="logs", min_length=1)
    """Where the logs of the runs go."""


class QuickSettings(_Table):
    """[quick]: the quick validation (5A) before every full training."""

    data_fraction: float = Field(default=0.15, ge=0.10, le=0.20)
    """Share of the data that a run may use."""
    scale: float = Field(default=0.25, gt=0, le=1)
    """Share of the epochs or iterations."""
    chains_scale: float = Field(default=0.5, gt=0, le=1)
    """Share of the chains or estimators."""
    max_minutes: float = Field(default=30.0, gt=0, le=30)
    """Minutes after which the run is ended."""


class FullSettings(_Table):
    """[full]: the window that a full training (5B) has to keep."""

    min_hours: float = Field(default=2.0, ge=0)
    """A shorter run fails its gate; 0 asks for nothing."""
    max_hours: float = Field(default=6.0, gt=0)
    """A longer run is warned about."""


class StopSettings(_Table):
    """[stop]: how a run is ended on request."""

    grace_seconds: float = Field(default=15.0, ge=0)
    """Seconds between the polite signal and the one that cannot be refused."""


class RestartSettings(_Table):
    """[restart]: whether a failed run is started again by itself."""

    max: int = Field(default=0, ge=0)
    """How many times; 0 is never."""
    backoff_seconds: float = Field(default=30.0, ge=0)
    """Seconds before the first restart; doubled for each further one."""


class HangSettings(_Table):
    """[hang]: when silence becomes an incident."""

    first_progress_minutes: float = Field(default=20.0, gt=0)
    """Minutes for imports, data loading and compilation, up to the first progress."""
    floor_seconds: float = Field(default=90.0, gt=0)
    """No silence shorter than this is a hang."""
    factor: float = Field(default=5.0, ge=1)
    """A hang is this many times the usual distance between two progresses."""
    silent_minutes: float = Field(default=30.0, gt=0)
    """For scripts that report no progress: minutes without any output."""


class NotifySettings(_Table):
    """[notify]: how somebody who does not look is told of a run."""

    on: list[Literal["failed", "ended", "gate", "silent"]] = ["failed", "ended", "gate", "silent"]
    """Which occasions: `runs.occasions`. The dashboard rings and shows them, command and apprise are sent."""
    command: list[str] = Field(default_factory=list)
    """A program with its arguments, run without a shell; {title}, {text}, {run} and {event} are filled in."""
    apprise: list[SecretStr] = Field(default_factory=list)
    """Addresses of services for the extra package apprise. They are secrets: none is printed or copied."""

    @field_validator("apprise", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        # Said without the value: it would put a secret on the screen.
        if not isinstance(value, list) or not all(isinstance(url, str) and "://" in url for url in value):
            raise ValueError('not allowed; allowed: an array of addresses, each as in "service://…"')
        return value


class ScreenSettings(_Table):
    """[screen]: how the dashboard looks."""

    theme: Literal["auto", "dark", "light", "contrast", "contrast-light", "16", "16-light"] = "auto"
    """The colours to begin with; what a user chose in the dashboard outweighs it there."""


class IndexSettings(_Table):
    """[index]: the database of all runs."""

    url: str | None = Field(default=None, min_length=1)
    """Any SQLAlchemy URL; by default an SQLite file in the output folder."""


class GateSettings(_Table):
    """[models.NAME.gates]: exceptions from the quality gates."""

    skip: dict[str, Reason] = Field(default_factory=dict)
    """Gate → why this model may skip it; the reason is written into every run's checklist."""


class ModelSettings(_Table):
    """[models.NAME]: what is special about one model."""

    main_metric: str = Field(default="val_loss", min_length=1)
    """The column of the history that tells better from worse (smaller is better)."""
    history: str | None = Field(default=None, min_length=1)
    """Where a script that does not call run.log writes its metrics: a file or a folder; "log" takes only
    what it prints, "none" nothing. Without it they are looked for: docs/histories.md."""
    converged: ConditionText | None = None
    """When the run has converged: a condition on the history's last row, as in "rhat < 1.05"."""
    args: list[str] = Field(default_factory=list)
    """Arguments for the script."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment variables for the script."""
    python: str | None = Field(default=None, min_length=1)
    """The interpreter that runs the script; by default the one that runs trainer-tui."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """The seed given to the script."""
    memory_gb: float | None = Field(default=None, gt=0)
    """Limit of the address space in GiB; by default none."""
    quick: QuickSettings = QuickSettings()
    """Keys of [quick] that differ for this model."""
    full: FullSettings = FullSettings()
    """Keys of [full] that differ for this model."""
    results: dict[str, RangeText] = Field(default_factory=dict)
    """Column of the results → the range of its sound values, as in ">= 0" or "0 .. 1"."""
    gates: GateSettings = GateSettings()
    """Gates that this model skips."""
    rules: list[dict[str, Any]] = Field(default_factory=list)
    """[[models.NAME.rules]]: rules for the logs of this model alone."""
    disable_rules: list[str] = Field(default_factory=list)
    """Ids of built-in rules that are no rules for this model."""
    flags: dict[str, Any] = Field(default_factory=dict)
    """[models.NAME.flags]: red flags that are off or tuned for this model, over those of [flags]."""


class Settings(_Table):
    """The whole of `trainer.toml`."""

    project: ProjectSettings = ProjectSettings()
    """Folders."""
    quick: QuickSettings = QuickSettings()
    """The quick validation."""
    full: FullSettings = FullSettings()
    """The full training."""
    stop: StopSettings = StopSettings()
    """Ending a run."""
    restart: RestartSettings = RestartSettings()
    """Automatic restarts."""
    hang: HangSettings = HangSettings()
    """Silence."""
    index: IndexSettings = IndexSettings()
    """The run index."""
    notify: NotifySettings = NotifySettings()
    """Notifications."""
    screen: ScreenSettings = ScreenSettings()
    """The dashboard."""
    rules: list[dict[str, Any]] = Field(default_factory=list)
    """[[rules]]: the user's own rules for logs; `failures.rules_from` says what a table may hold."""
    disable_rules: list[str] = Field(default_factory=list)
    """Ids of built-in rules that are switched off."""
    flags: dict[str, Any] = Field(default_factory=dict)
    """[flags]: red flags that are off or tuned, as in `plateau = false` or `spike = { ratio = 8 }`; see
    `runs.flags` for their names and parameters."""
    models: dict[str, ModelSettings] = Field(default_factory=dict)
    """Model name → its own settings."""

    def for_model(self, name: str) -> ModelSettings:
        """What holds for one model: its own keys, and where it sets none, those of [quick] and [full]."""
        model = self.models.get(name) or ModelSettings()
        quick = self.quick.model_copy(update=model.quick.model_dump(exclude_unset=True))
        full = self.full.model_copy(update=model.full.model_dump(exclude_unset=True))
        return model.model_copy(update={"quick": quick, "full": full})
