"""Tools around and beside training: notebooks, workflows, the JVM, simulation codes, inference engines."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import CHILD, CUDA_ASYNC, ENVIRONMENT, LESS_MEMORY, NATIVE
from trainer_tui.failures.rules import Rule

_READ_IT = ("Read the message and the lines above it: the tool names what it missed.",)

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- notebooks and hosted machines
    Rule("kernel-died", "error", "killed",
         r"DeadKernelError|The kernel appears to have died|[Kk]ernel died|session crashed after using all available RAM"
         r"|tried to allocate more memory than is available|Python kernel is unresponsive",
         "The notebook's kernel died, most often for its memory.", LESS_MEMORY),
    Rule("notebook-error", "error", "exception",
         r'^[ \t]*"ename": "(\w+\.)*[A-Z]\w+",?$|^[ \t]*"name": "(Name|Type|Value|Key|Index|Attribute|Import|ModuleNotFound|FileNotFound|Runtime|Syntax'
         r'|ZeroDivision|Memory|NotImplemented|Assertion|OS)Error",$',
         "A cell of a notebook raised an exception.", _READ_IT, herald=True),
    # --- workflows and CI: they speak of a step that failed
    Rule("workflow", "error", "exit-code",
         r"^ERROR ~ Error executing process|^Error in rule \w+:|^ERROR: Job failed: |^Finished: FAILURE$|marked build as failure$"
         r"|ERROR: failed to reproduce '|^ERROR: failed to (solve|build): |^(run|queue|slurm)\.pl: (job failed|\d+ / \d+ failed|error)"
         r"|^AzureMLCompute job failed|^\*?Error validating (data )?directory ",
         "A step of a workflow failed.", CHILD, consequence=True),
    # --- the JVM and Spark
    Rule("yarn-memory", "error", "cpu-oom",
         r"Container killed by YARN for exceeding|Container .* is running beyond (physical|virtual) memory limits",
         "YARN killed a container at its memory limit.", LESS_MEMORY),
    Rule("jvm-exception", "error", "exception",
         r'^Exception in thread "main" |Job aborted due to stage failure: |^Caused by: (\w+\.)+\w+(Exception|Error)\b|ApplicationMaster: (User class threw exception|Final app status: FAILED)|TaskSetManager: Task \d+ in stage \S+ failed \d+ times; aborting|^Unhandled [Ee]xception[.:] System\.',
         "A Java program ended with an exception.", _READ_IT),
    # --- Fortran and simulation codes
    Rule("fortran", "error", "native-crash",
         r"^forrtl: (severe|error) |^Fortran runtime error: |^Program received signal SIG|^ *ERROR STOP|^ ?STOP [1-9]\d{0,2}$",
         "A Fortran program ended with an error.", NATIVE),
    Rule("simulation", "error", "exception",
         r"^ERROR: Lost atoms: |^ERROR on proc \d+: |^ *Error in routine \w+ \(\d+\):|^EEEE+ |^Fatal error:$",
         "The simulation stopped.", _READ_IT),
    Rule("lua", "error", "exception",
         r"^\S*(luajit|lua|th): \S+\.lua:\d+: |^stack traceback:$",
         "A Lua script ended with an error.", _READ_IT),
    # --- other frameworks and inference engines
    Rule("framework-fatal", "error", "exception",
         r"^\[CRITICAL\] \w+\(\d+,|^EXCEPTION occurred: |^Critical error in pipeline:|^✘ (Error|Can't|Config validation error)"
         r"|Trial \S+: Error (processing|handling) |environment raised an unexpected exception"
         r"|(Engine|EngineCore|Worker proc(ess)?|AsyncLLMEngine|Shard \d+) (has |was )?(failed|crashed|died)\b",
         "The framework gave up.", _READ_IT),
    Rule("gguf", "error", "native-crash",
         r"^GGML_ASSERT: |ggml_cuda\w*: .*error|GGML_ASSERT\(.+\) failed|: failed assertion [`'].+'$"
         r"|^\S*check_error: Assertion|^Cuda malloc failed",
         "A check in compiled code failed.", NATIVE),
    Rule("accelerator", "error", "cuda-error",
         r"\bERR\d{5} [A-Z]+ call \w+ api failed|^E[A-Z]\d{4}: Inner Error|\[TRT\] \[E\] |\[E\] \[TRT\] |synStatus [1-9]\d* \[|\|CCL_ERROR\||^Error \w[\w ]+ at line \d+ in file /\S+\.cu$"
         r"|^CUDA error \([^)]+:\d+\): |amdgpu: .*(ring .* timeout|GPU reset begin)",
         "An accelerator's library reported an error.", CUDA_ASYNC),
    Rule("compiler", "error", "environment",
         r"^error: (could not compile `|linking with `|failed to run custom build command for )|^error\[E\d{4}\]: |^[\w./\\:+-]+\.(cu|cuh|cpp|cc|cxx|c|h|hpp)(\(\d+\)|:\d+:\d+): (catastrophic |fatal )?error: .|: error: (expected|undeclared|no matching function|unknown type name|'.+' was not declared)",
         "Something could not be compiled.", ENVIRONMENT,
         unless=r"conftest|_configtest|CMakeTmp|CMakeScratch"),
)
# fmt: on
