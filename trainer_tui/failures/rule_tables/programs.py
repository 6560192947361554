"""F10 exceptions without a traceback, other languages, samplers, fits."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    ARGUMENT,
    LESS_MEMORY,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F10 exceptions without a traceback, other languages
    Rule("argparse", "error", "config",
         r"^\S+\.py: error: |^(\S+: )?error: (argument |the following arguments|unrecognized arguments|ambiguous option|too few arguments|invalid choice|expected (one|at least one) argument|one of the arguments|Parser key |Validation failed)"
         r"|^FATAL Flags parsing error:|^ERROR: Could not consume arg: |^│ (Invalid value|No such option|Missing (argument|option|parameter)|Got unexpected extra)|^Error: (Invalid value|No such (option|command)|Missing (argument|option)"
         r"|Got unexpected extra)",
         "The command line was refused.", ARGUMENT),
    Rule("hydra", "error", "config",
         r"^Could not override '|^Key '[^']+' is not in struct|^Key '[^']+' not in '|^Error (locating target|in call to target|instantiating) "
         r"|^(In '[^']+': )?Could not find '[^']+'$|^Could not (load|append) |^Multiple values for \S+\.|^Missing mandatory value: |^Cannot find primary config '",
         "The configuration was refused.", ARGUMENT),
    Rule("hydra-job", "error", "exception",
         r"^Error executing job with overrides: ",
         "The job that Hydra started failed.", herald=True),
    Rule("shell-script", "error", "launch-failed",
         r": line \d+: (.*: unbound variable$|syntax error |unexpected EOF)|: bad interpreter: |: cannot execute|: Exec format error$|: \d+: Syntax error: |: bad substitution$|can't find '__main__' module in"
         r"|^-?(bash|sh): \S+: No such file or directory$"
         r"|execve\(\): \S+: |^(/usr/bin/)?env: .*No such file or directory$|failed to run command "
         r"|^EnvironmentNameNotFound: |Could not find conda environment: |^CondaError: Run 'conda init'|Your shell has not been properly configured to use 'conda activate'",
         "The script that starts the training is broken.",
         ("Run the line that the message names by hand, in the same environment.",),
         sieve=r"unbound variable|: syntax error |unexpected EOF|: bad interpreter: |: cannot execute|Exec format error|execve\(\): "
               r"|env: .|failed to run command |: Syntax error: |: bad substitution|can't find '__main__'|sh: \S+: No such file"
               r"|EnvironmentNameNotFound: |Could not find conda environment|CondaError: |Your shell has not been properly"),
    Rule("modules", "warning", "environment",
         r"Unable to locate a modulefile for|The following module\(s\) are unknown|Lmod has detected the following error|fork: (retry: )?(Resource temporarily unavailable|Cannot allocate memory)"
         r"|^OpenBLAS blas_thread_init: pthread_create failed|^libgomp: Thread creation failed",
         "The environment is not what the script expects; it may go on.",
         ("Look which modules and limits (ulimit -u) this machine has.",)),
    Rule("packages", "error", "environment",
         r"^ *(error: |× )?(subprocess-exited-with-error|metadata-generation-failed|legacy-install-failure|externally-managed-environment)$"
         r"|^ERROR: (Could not find a version that satisfies|No matching distribution found|ResolutionImpossible|Could not build wheels for|Could not open requirements file)"
         r"|^(PackagesNotFoundError|UnsatisfiableError|LibMambaUnsatisfiableError|ResolvePackageNotFound): ?|ninja: (build stopped|error): |^error: command '.+' failed with exit (code|status) [1-9]|: fatal error: \S+: No such file or directory$"
         r"|^collect2: error: ld returned |^CMake Error( at |: )|^nvcc fatal +: |^ptxas (fatal|error) +: ",
         "A package could not be installed or built.",
         ("Read the first error above it; pin versions that are known to work.",),
         unless=r"conftest|_configtest|CMakeTmp|CMakeScratch"),
    Rule("launcher-not-found", "error", "launch-failed",
         r": (line )?\d+: (srun|sbatch|mpirun|mpiexec|python([23][\d.]*)?|torchrun|accelerate|deepspeed|horovodrun|Rscript|julia|matlab): (command )?not found$"
         r"|^-?(bash|sh|zsh|ksh): (srun|sbatch|mpirun|mpiexec|python([23][\d.]*)?|torchrun|accelerate|deepspeed|horovodrun|Rscript|julia|matlab): command not found$",
         "The command that starts the training was not found.",
         ("Check the PATH of the job's environment: a module or a conda environment is not loaded.",),
         sieve=r"(srun|sbatch|mpirun|mpiexec|python([23][\d.]*)?|torchrun|accelerate|deepspeed|horovodrun|Rscript|julia|matlab): (command )?not found"),
    Rule("command-not-found", "warning", "launch-failed",
         r": line \d+: (cd: )?\S+: (command not found|No such file or directory)$|^/bin/sh: \d+: \S+: not found$"
         r"|^-?(bash|sh|zsh|ksh): \S+: command not found$|^zsh: command not found: ",
         "A command of the script was not found; the script may go on.",
         ("Check the name and the PATH of the environment.",)),
    Rule("exception-during-training", "error", "exception",
         r"Exception during training:|Exception during processing !!!|An error has been caught in function '",
         "Training raised an exception.", herald=True),
    Rule("training-failed", "error", "exception",
         r"^\W{0,12}((Training|Fine-?tuning|Pre-?training) (run |job |process |loop )?(has )?(failed|crashed)( with|:|!|\.|$)"
         r"|((Fatal |fatal )?[Ee]rror|[Ee]xception|[Ff]ailure) (occurred |raised |encountered )?(during|while|in) (the )?(training|fitting|fine-?tuning)( loop)?:)",
         "The script says that its training failed."),
    Rule("tf-root-error", "error", "exception",
         r"^ *\(?\d?\)? ?\d+ root error\(s\) found\.|^ *\(\d\) (INTERNAL|UNAVAILABLE|ABORTED|UNKNOWN|INVALID_ARGUMENT|RESOURCE_EXHAUSTED|FAILED_PRECONDITION|NOT_FOUND|DEADLINE_EXCEEDED|CANCELLED): |Error reported to Coordinator: <class",
         "A step of the graph failed.", any_level=True),
    Rule("julia", "error", "exception",
         r"^ERROR: LoadError: |^ERROR: \w+(Error|Exception)(: |\()|^ERROR: an? \w+ was thrown during|^ERROR: (TaskFailedException|On worker \d+:)",
         "The Julia script failed."),
    Rule("matlab", "error", "exception",
         r"(^|\d:)Error using \S+( \(line \d+\))?$|^Undefined function or variable '|^Unrecognized function or variable '",
         "The MATLAB script failed."),
    Rule("r-error", "error", "exception",
         r"\bError in [^:]+\) ?: |^Execution halted$|^Error in `.+`:$|^Error: (could not find function|object '.+' not found|C stack usage)",
         "The R script failed.", unless=r"model fit failed for "),
    Rule("mpi-teardown", "notice", "native-crash",
         r"\bassert .+ failed$|^OMP: Error #",
         "A helper process complained.", consequence=True),
    Rule("critical", "warning", "log-critical",
         r"(^|[\[|: ])(CRITICAL|FATAL)[\]|: ]",
         "The program logged something critical.", unless=r"log.?level|level=|^modprobe: |(FATAL|CRITICAL) *=|(and|or) (FATAL|CRITICAL)\b|\b(FATAL|CRITICAL) (and|or|messages)\b", any_level=True),
    Rule("ran-out-of-data", "warning", "early-end",
         r"Your input ran out of data; interrupting training",
         "Keras stopped early: the data set is shorter than steps_per_epoch times epochs.",
         ("Repeat the data set, or lower steps_per_epoch.",), any_level=True),
    # --- samplers
    Rule("stan-start", "error", "sampling",
         r"Initialization between \(.*\) failed after|All chains finished unexpectedly|Unrecoverable error evaluating the log probability"
         r"|: Initialization failed\.|Error during sampling[.,:]|does not contain samples",
         "The sampler found no place to start, or gave up.",
         ("Give initial values, narrow the priors, check the data against the model's bounds.",), any_level=True),
    Rule("stan-chain", "warning", "sampling",
         r"^(Warning: )?Chain \d+ finished unexpectedly|reached the maximum tree depth|transitions hit the maximum treedepth",
         "A chain ended early or has trouble.", ("Look at the chain's own output.",), any_level=True),
    Rule("stan-rejects", "notice", "sampling",
         r"Rejecting initial value:",
         "The sampler tries another starting point.", any_level=True),
    Rule("divergences", "warning", "sampling",
         r"There were [1-9]\d* divergences|(had|were) \d+ divergent transitions|transitions ended with a divergence|rhat statistic is larger"
         r"|chains may have failed to converge",
         "The sampler reports problems.", ("Raise target_accept, or reparameterise the model.",),
         any_level=True),
    Rule("worker-stopped", "warning", "dataloader",
         r"A worker stopped while some jobs were given to the executor",
         "A worker stopped early.", LESS_MEMORY, any_level=True),
    Rule("model-skipped", "warning", "cpu-oom",
         r"Not enough memory to (safely )?train",
         "A model was skipped for lack of memory.", LESS_MEMORY, any_level=True),
    Rule("convergence", "notice", "convergence",
         r"ConvergenceWarning: ",
         "A fit did not converge.", ("Raise the number of iterations, scale the features.",),
         any_level=True),
)
# fmt: on
