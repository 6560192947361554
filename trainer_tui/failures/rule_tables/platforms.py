"""What platforms and schedulers of work say when a job of theirs failed: clouds, clusters, pipelines."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import CHILD
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("cloud-job", "error", "exit-code",
         r"\bExecuteUserScriptError\b|Failed - Training job failed|The experiment failed\. Finalizing run|^User program failed with \w"
         r"|User process '.+' exited with status code [1-9]|\b(JOB|PIPELINE)_STATE_FAILED$|Job state is set from \w+ to FAILED"
         r"|\bJob \d+ failed with return code list: \[|Job finished \(status: FAILED|^Runner failed with exit code: -?[1-9]"
         r"|Job 'raysubmit_\w+' failed|^Process failed, exit code [1-9]|\b(Rabit returns|Tracker Process ends) with exit code [1-9]",
         "The platform says that the job failed.", CHILD, any_level=True, consequence=True),
    Rule("cluster-job", "error", "exit-code",
         r"\b(PyTorchJob|TFJob|MPIJob|XGBoostJob|PaddleJob|JAXJob|mxjob|MXJob) \S+ (is|has) failed because"
         r"|\bBackoffLimitExceeded\b|Job has reached the specified backoff limit",
         "The cluster gave the job up.", CHILD, any_level=True, consequence=True),
    Rule("pipeline-task", "error", "exit-code",
         r"\bMarking task as FAILED\b|Flow run '.+' - Finished in state Failed\(|=== Run \(ID '\w+'\) failed ==="
         r"|This progress looks :\( because there were failed|\bjob\[[\w-]{4,60}\] failed\b|Task \S+\[[\w-]{36}\] raised unexpected: "
         r"|\bfailed at Node\[\w",
         "A task of a pipeline failed.", CHILD, any_level=True, consequence=True),
    Rule("container-exited", "warning", "exit-code",
         r"^[\w.-]{1,80}[-_]\d+ exited with code [1-9]\d*$",
         "A container ended with an error; the others may go on.", CHILD, last_words=True),
)
# fmt: on
