"""Numbers that are none (F14)."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    DIVERGED,
)
from trainer_tui.failures.rules import Rule

_NAN = r"(?i)[\s:='\"(+\x9a-]nan\b"  # \x9a ends the full-width colon
_INF = r"(?i)[\s:='\"(+-]inf([^o]|$)"

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F14 numbers
    Rule("keras-invalid-loss", "error", "nan-loss",
         r"Batch \d+: Invalid loss, terminating training",
         "The loss is not finite and Keras stopped.", DIVERGED, any_level=True),
    Rule("nan-in-summary", "error", "nan-loss",
         r"Nan in summary histogram|NaN loss during training|Model diverged with loss = NaN|Loss became infinite or NaN|found NaN in local grad norm"
         r"|Unexpected result nan on rank|is (nan|NaN) : Tensor had NaN values|(?i:loss is (nan|inf|infinite)\b.{0,20}(stopping|aborting|exiting|terminating))|(?i:nan loss (detected|encountered|found))|[Ll]oss (is"
         r"|became|went) (nan|NaN|not finite|non-finite)|(?i:NaN (detected|encountered) in (the )?loss)",
         "The loss is not finite.", DIVERGED, unless=r"(?i)prevent|avoid|\bif\b|check"),
    Rule("nan-loss", "error", "nan-loss",
         r"(?i)loss\w{0,20}['\"]?\s{0,4}([:=]|：)\s{0,4}['\"(]?(tensor\()?[-+]?nan\b|\blearn: -?nan\b",
         "The loss is not a number.", DIVERGED,
         unless=r"(?i)(best|min|max|init\w*|lowest|smallest|stop(_?at)?|target|baseline|prev\w*)[_ ]?(\w{0,20}_)?loss"
                r"|improved from|update model|not correct",
         any_level=True, sieve=_NAN),
    Rule("nan-in-table", "error", "nan-loss",
         r"^\| {1,8}([\w-]{1,30}/)?\w{0,30}loss\w{0,20} +\| +[-+]?nan +\|$",
         "A loss in the trainer's table is not a number.", DIVERGED, any_level=True, sieve=_NAN,
         unless=r"(?i)(best|min|max|init\w*|lowest|target|baseline|prev\w*)[_ ]?(\w{0,20}_)?loss"),
    Rule("inf-value-loss", "error", "nan-loss",
         r"(?i)\b(value|critic|vf)[_ ]?(function|fn)?[_ /]?loss['\"]?\s{0,4}[:=]\s{0,4}['\"(]?[-+]?inf(inity)?\b",
         "The loss of the value function is infinite: its next step breaks the network.", DIVERGED,
         unless=r"(?i)(best|min|init|prev|last)", any_level=True, sieve=_INF),
    Rule("nan-in-policy", "error", "nan-loss",
         r"to satisfy the constraint .{1,80}, but found invalid values|probability tensor contains either `inf`, `nan` or element < 0"
         r"|normal expects all elements of std >= 0\.0",
         "The policy or the model gives probabilities that are not numbers.", DIVERGED),
    Rule("simulation-unstable", "warning", "non-finite",
         r"Nan, Inf or huge value in Q(POS|VEL|ACC)",
         "The simulator met a value that is not finite.", DIVERGED, any_level=True),
    Rule("nan-grad-norm", "error", "nan-loss",
         r"['\"]grad_norm['\"]: ['\"]?nan\b|grad norm: nan\b.*number of skipped iterations: +0 ",
         "The gradient norm is not a number; the trainer may hide a non-finite loss.", DIVERGED,
         any_level=True),
    Rule("nan-in-tensors", "warning", "nan-loss",
         r"NaN or Inf found in input tensor|Bad grad_norm detected \(grad_norm=nan|(?i:gradients? (contains?|has|have|are) (nan|inf))",
         "A value that should be finite is not.", DIVERGED, any_level=True),
    Rule("nan-running-loss", "warning", "nan-loss",
         r"(?i)\bloss\w{0,20} {1,4}[-+]?nan\b",
         "A running loss is not a number.", DIVERGED, any_level=True, sieve=_NAN),
    Rule("inf-loss", "warning", "nan-loss",
         r"(?i)\b(loss|train_loss)['\"]?\s{0,4}[:=]\s{0,4}['\"(]?[-+]?inf(inity)?\b",
         "The loss is infinite.", DIVERGED, unless=r"(?i)(best|min|init|prev|last)|improved",
         any_level=True, sieve=_INF),
    Rule("scale-exhausted", "error", "nan-loss",
         r"(?i)minimum loss scale reached|loss scale already at minimum"
         r"|Current loss scale already at minimum",
         "The loss scale cannot fall further: gradients are not finite at any scale.", DIVERGED),
    Rule("overflow-skip", "notice", "overflow",
         r"(?i)(gradient|grad) overflow|OVERFLOW! |overflow detected|[Gg](radient|rad) norm: (inf|nan)"
         r"|grad norm is (nan|inf)|grad_norm is not finite",
         "A step was skipped because gradients overflowed; normal while the loss scale adapts.",
         unless=r"(?i)no grad overflow", any_level=True),
    Rule("float-warning", "warning", "overflow",
         r"RuntimeWarning: (overflow|invalid value|divide by zero) encountered",
         "numpy met a non-finite number.", DIVERGED, any_level=True,
         unless=r"encountered in (greater|less|equal|not_equal|cast|sign|rint|floor|ceil|maximum|minimum)"),
)
# fmt: on
