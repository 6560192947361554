"""Studies of many trials: tuners, AutoML, resampling. One failed trial is a warning, all of them are an error."""

from __future__ import annotations

from trainer_tui.failures.rules import Rule

_LOOK = ("Look at the trial's own error file.",)
# Ray writes how many trials there are and how many ended how; `n of n` cannot be said without counting.
_EVERY = "|".join(rf"{count}/{count} \({count}" for count in range(1, 65))

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("trials-all-failed", "error", "trial-failed",
         rf"Number of trials: (\d+ \((\{{'ERROR': \d+\}}|\d+ ERROR)\)|({_EVERY}) ERROR\))"
         r"|Detected \d+ failed runs in (a row at start|the first \d+ seconds), (killing|shutting)"
         r"|Experiment has failed because max failed count has reached|Number of consecutive failures exceed?ed the limit of \d",
         "Every trial of the study failed, or too many of them.",
         ("The trials share their fault: run one of them alone and read its first error.", *_LOOK), any_level=True,
         sieve=r"Number of trials: \d|Detected \d+ failed runs in |max failed count has reached|consecutive failures exce"),
    Rule("no-models", "error", "trial-failed",
         r"AutoGluon did not successfully train any models|^(Warning: )?Something is wrong; all the .{1,60} metric values are missing"
         r"|\bAll models failed\. (Run|See) [`.]|No valid model found in run history|Dummy prediction failed with run state"
         r"|^(ValueError: ?)?All the \d+ fits failed\.$|Job with key \S+ failed with an exception: "
         r"|There was an error in the TPOT optimization process",
         "Not one model could be fitted.",
         ("Fit one model by hand: missing values, a target of the wrong type and too short a time are frequent.",),
         any_level=True),
    Rule("optuna-trial", "error", "exception",
         r"Trial \d+ failed (with parameters|because of the following error)",
         "A trial raised an exception.",
         ("Optuna passes the exception on unless it is listed in catch=.",), any_level=True,
         unless=r"(?i)the (value|number of the values) .*(not acceptable|could not be cast|did not match)"),
    Rule("trial-failed", "warning", "trial-failed",
         r"Trial \S+ errored after|Trial task failed for trial|Number of errored trials: [1-9]"
         r"|^[ \t]*- \S+:\s+ERROR, [1-9]\d* failures?: |^(Number of trials|Trial status): .*([1-9]\d* ERROR|'ERROR': [1-9])"
         r"|Trial \d+ failed(, because| with| because) |^(wandb: )?(ERROR )?Run \S+ errored: "
         r"|\b[1-9]\d* fits failed out of a total of \d|Trial job \S+ status changed from \w+ to FAILED|model fit failed for (Fold|Resample)\S*: ",
         "A trial of the study failed; the others go on.", _LOOK, any_level=True,
         sieve=r"Trial (\S+ errored|task failed|\d+ failed|job \S+ status)|errored trials: [1-9]|ERROR, \d|Number of trials: "
               r"|Trial status: |errored: |fits failed out of|model fit failed for "),
)
# fmt: on
