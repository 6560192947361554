"""What happens to a run from outside: F12 network, F13 permissions, F19 stopped."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    LIMIT,
    NETWORK,
    STOPPED,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F12 network
    Rule("network", "error", "network",
         r"(ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|MaxRetryError"
         r"|LocalEntryNotFoundError|HTTPError)\W.*(Max retries exceeded|HTTPSConnectionPool"
         r"|\b5\d\d\b)",
         "A server could not be reached.", NETWORK,
         unless=r"(?i)^Error https?://|retrying|WARNING|UserWarning|thrown while requesting"),
    Rule("hub-unreachable", "error", "network",
         r"couldn't connect to 'https?://|fatal: unable to access 'http|^fatal: (repository '.+' not found|Authentication failed for )|OfflineModeIsEnabled: ",
         "A server could not be reached.", NETWORK),
    Rule("refused", "warning", "network",
         r"^curl: \(\d+\) |^wget: unable to |^ssh: connect to host .* port \d+: |Temporary failure in name resolution$"
         r"|entering retry loop",
         "A connection failed; the script may go on or try again.", NETWORK, any_level=True),
    Rule("cloud-call", "warning", "network",
         r"An error occurred \(\w+\) when calling the \w+ operation",
         "A cloud service refused a call.", ("The message names the call: check credentials, bucket and region.", *NETWORK)),
    Rule("storage-gone", "error", "network",
         r"Stale (NFS )?file handle|Transport endpoint is not connected|: Input/output error$",
         "A file system went away or cannot be read.",
         ("Look whether the file server or the disk is well (dmesg, df), and resume from a checkpoint elsewhere.",)),
    Rule("storage-busy", "error", "network",
         r"(Azure Storage|S3|GCS|Storage) \(5\d\d\): |download stage failed",
         "The object storage refused.", NETWORK),
    Rule("wandb", "error", "network",
         r"^wandb: ERROR (Error (while calling|uploading|communicating)|Run initialization has timed out|api_key not configured)"
         r"|wandb\.errors\.\w+Error: ",
         "Weights & Biases refused or could not be reached.",
         ("Log in again, check entity and project, or set WANDB_MODE=offline.", *NETWORK)),
    Rule("wandb-complains", "warning", "network",
         r"^wandb: ERROR ",
         "Weights & Biases reports an error; training goes on without it.", NETWORK, any_level=True,
         unless=r"Run \S+ errored: "),
    # --- F13 permissions
    Rule("read-only", "error", "permission",
         r"^.*(Read-only file system|: Permission denied)$|permission denied while trying to connect to the Docker",
         "Writing or executing was not allowed.",
         ("Check the owner and the mode of the path in the message.",), unless=r"(?i)warning|publickey|/(prolog|epilog)|^/etc/"),
    # --- F19 stopped from outside
    Rule("bare-terminated", "warning", "signal",
         r"(^|[\\|%\]>#/])Terminated$|^(User defined signal \d|Hangup|Alarm clock|CPU time limit exceeded)$",
         "Something was asked to end by SIGTERM.", STOPPED, consequence=True, last_words=True),
    Rule("time-limit", "error", "time-limit",
         r"DUE TO TIME LIMIT|has exceeded its time limit|TERM_RUNLIMIT|TERM_CPULIMIT|PBS: job killed: (walltime|cput)"
         r"|exceeded (its |hard )?(walltime|wall time|wallclock|wallclock time)( limit)?\b|longer than specified deadline|MaxRuntimeExceeded|exceeded hard limit \"?h_(rt|cpu)\b",
         "The scheduler ended the job at its time limit.", LIMIT),
    Rule("node-failure", "error", "node-failure",
         r"DUE TO NODE FAILURE|srun: error: Node failure|Lost connection to node|node is unhealthy"
         r"|has been marked dead because|An ORTE daemon has unexpectedly failed|has lost communication with a remote daemon",
         "A node of the cluster failed.", ("Resume from the last checkpoint, without that node.",)),
    Rule("preempted", "error", "preempted",
         r"DUE TO PREEMPTION|DUE TO JOB REQUEUE|TERM_PREEMPT|TERM_REQUEUE|[Pp]reempted by |(job|instance|node|machine|TPU|VM) was preempted\b"
         r"|[Ss]pot (instance )?(interruption|termination) notice|^004 \(\d+\.\d+\.\d+\) \S+ \S+ Job was evicted"
         r"|terminated in response to imminent node shutdown",
         "The scheduler took the machine away.", STOPPED, unless=r"PreemptionMode|[Ss]equence group"),
    Rule("cancelled", "error", "cancelled",
         r"\*\*\* (JOB|STEP) \S+ ON \S+ CANCELLED AT|^Aborted by PBS Server|^[Jj]ob deleted at request of |TERM_(OWNER|ADMIN|FORCE_OWNER|FORCE_ADMIN)|PBS: job killed: |: job killed after |^0(09|12) \(\d+\.\d+\.\d+\) \S+ \S+ Job was (aborted|held)"
         r"|^srun: Force Terminated |_step_signal: Terminating StepId",
         "The scheduler cancelled the job.", STOPPED),
    Rule("evicted", "error", "preempted",
         r"The node was low on resource: ",
         "The cluster evicted the job.", STOPPED),
    Rule("submit-failed", "error", "launch-failed",
         r"error submitting jobs to queue|sbatch: error: |salloc: error: |^qsub: (submit error|Unknown|Unauthorized|Illegal|would exceed)|Job not submitted\.$|^ERROR: \(gcloud\.|srun: error: Unable to",
         "The scheduler did not take the job.",
         ("Read the scheduler's message: partition, account, limits.",)),
    Rule("container", "error", "launch-failed",
         r"docker: Error response from daemon: |OCI runtime (create|exec) failed|exec format error$|could not select device driver|^exec: \"[^\"]+\": (executable file not found|stat )"
         r"|slurmstepd: error: pyxis: |nvidia-container-cli: \w+ error|Back-off restarting failed container|\b(CrashLoopBackOff|ImagePullBackOff|ErrImagePull|CreateContainerConfigError)\b"
         r"|^FATAL:   \w",
         "The container could not be started, or keeps failing.",
         ("Read the message: image name, credentials, the GPU driver of the node.",)),
    Rule("unschedulable", "warning", "launch-failed",
         r"\bFailedScheduling\b|nodes are available: .*Insufficient ",
         "The cluster has no room for the job yet.",
         ("Ask for less, or wait.",), any_level=True),
    Rule("interrupting", "warning", "interrupted",
         r"Detected KeyboardInterrupt, attempting graceful shutdown|^(Training )?[Ii]nterrupted by user",
         "Somebody interrupted the training.", STOPPED, any_level=True),
    Rule("sigterm", "error", "signal",
         r"process received SIGTERM, exiting|Received SIGTERM: 15|(Received|Caught) signal (15|SIGTERM)\b|KILLED BY SIGNAL: 15 |SignalException: Process \d+ got signal: \d+"
         r"|Received (\d+|Signals\.SIG\w+) death signal",
         "The processes were asked to end from outside.", STOPPED, consequence=True),
)
# fmt: on
