"""What is kept of a run, what changed from one to the next, and what is said of it: one step at a time."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui import diary
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.supervise.notebook.asked import asked_otherwise
from trainer_tui.supervise.notebook.changes import Changes, changes_between, compare_sources
from trainer_tui.supervise.notebook.constants import constants, with_values
from trainer_tui.supervise.notebook.failed import same_failure, shape
from trainer_tui.supervise.notebook.fix import accept, proposal_of, with_proposal
from trainer_tui.supervise.notebook.hypotheses import hypotheses
from trainer_tui.supervise.notebook.imports import imported
from trainer_tui.supervise.notebook.kept import FOLDER, forget_unused, keep
from trainer_tui.supervise.notebook.paragraphs import with_result, with_test
from trainer_tui.supervise.notebook.similar import fix_line, similar_entries
from trainer_tui.supervise.notebook.wording import Change, spoken
from trainer_tui.supervise.sources import sources_of

# ------------------------------------------------------------------ sources


@pytest.fixture
def project(tmp_path):
    files = {
        "models/a.py": "import helpers.loss\nfrom lib import nets\nimport numpy, b\nfrom helpers import no\n",
        "models/b.py": "import importlib\nimportlib.import_module('plug.one')\n",
        "models/unused.py": "",
        "helpers/__init__.py": "from .data import load\n",
        "helpers/loss.py": "from . import data\nfrom ..nowhere import x\nimport a, helpers\n",
        "helpers/data.py": "this is no python",
        "src/lib/nets.py": "",
        "plug/one.py": "",
        "venv/lib/numpy/__init__.py": "",
        "conf/run.yaml": "lr: 0.1\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_files_that_a_script_imports_are_found_inside_the_project(project):
    found = [str(path.relative_to(project)) for path in imported([project / "models/a.py"], project)]
    assert sorted(found) == [
        "helpers/__init__.py",
        "helpers/data.py",
        "helpers/loss.py",
        "models/b.py",
        "plug/one.py",
        "src/lib/nets.py",
    ]


def test_what_lies_outside_is_not_followed(project, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.py"
    outside.write_text("")
    (project / "models/b.py").unlink()
    (project / "models/b.py").symlink_to(outside)
    found = imported([project / "models/a.py"], project)
    assert outside not in found and all(path.is_relative_to(project) for path in found)


def plan(project, *words, **changes):
    return WatchPlan("a", ("python", *words), str(project), str(project), **changes)


def test_a_plan_names_its_settings_files_and_its_module(project):
    script = str(project / "models/a.py")
    found = sources_of(plan(project, script, "--config=conf/run.yaml", sources=(script,)))
    assert found[0] == script and str(project / "conf/run.yaml") in found and len(found) == 8
    assert [str(project / "plug/one.py")] == sources_of(plan(project, "-m", "plug.one"))
    assert sources_of(plan(project, "--config", "/etc/none.yaml")) == []


def test_contents_are_kept_once_and_private_ones_not_at_all(project):
    store, source = project / FOLDER, project / "models/a.py"
    targets = [project / name for name in ("one", "two", "three")]
    source.chmod(0o644)
    assert [keep(source, target, store) for target in targets[:2]] == [True, False]
    assert targets[0].stat().st_ino == targets[1].stat().st_ino and not targets[0].stat().st_mode & 0o222
    source.write_text("new")
    assert keep(source, targets[2], store) and targets[0].read_text() != targets[2].read_text() == "new"
    targets[2].unlink()
    (kept,) = [path for path in store.iterdir() if path.read_text() == "new"]
    forget_unused(store)
    assert kept.exists(), "another launch may be about to link it"
    os.utime(kept, (0, 0))
    forget_unused(store)
    assert not kept.exists() and len(list(store.iterdir())) == 1
    source.chmod(0o600)
    assert not keep(source, targets[2], store) and stat.S_IMODE(targets[2].stat().st_mode) == 0o600
    assert len(list(store.iterdir())) == 1


def test_a_kept_content_that_somebody_edited_is_mended(project):
    store, source = project / FOLDER, project / "models/a.py"
    source.chmod(0o644)
    keep(source, project / "one", store)
    (kept,) = store.iterdir()
    kept.chmod(0o644)
    kept.write_text("x" * source.stat().st_size)
    assert keep(source, project / "two", store) and (project / "two").read_bytes() == source.read_bytes()


def test_every_run_has_its_imports(lab):
    (lab.root / "part.py").write_text("X = 1\n")
    for _ in range(2):
        lab.watch("import part\ngood()\n")
    kept = [run.source / "part.py" for run in lab.model.runs()]
    assert [path.read_text() for path in kept] == ["X = 1\n"] * 2
    assert kept[0].stat().st_ino == kept[1].stat().st_ino and (lab.output / FOLDER).is_dir()


# ------------------------------------------------------------------ changes


SETTINGS = '''
"""lr = 5 is told here"""
LR = 1e-3
def fit(epochs=80, *, wd: float = 0.1):
    opt = SGD(lr=LR, momentum=.9); other = SGD(lr=0.5)
    names = {"batch_size": 32}
    parser.add_argument("--seed", type=int, default=3)
    layers = [64, 64]
    return os.environ.get("GAMMA", "0.5"), "ä", -2 * LR
'''


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("LR = 1e-3", "LR = 1e-4", "learning rate 1e-3 → 1e-4"),
        ("LR = 1e-3", "LR = 0.001", ""),
        ("epochs=80", "epochs=90", "epochs 80 → 90"),
        ("wd: float = 0.1", "wd: float = 0.2", "weight decay 0.1 → 0.2"),
        ("momentum=.9", "momentum=.8", "momentum .9 → .8"),
        ("lr=0.5", "lr=0.4", "learning rate 0.5 → 0.4"),
        ('"batch_size": 32', '"batch_size": 64', "batch size 32 → 64"),
        ("default=3", "default=4", "seed 3 → 4"),
        ("[64, 64]", "[64]", "layers `[64, 64]` → `[64]`"),
        ("[64, 64]", '[{"n": 1}]', 'layers `[64, 64]` → `[{"n": 1}]`'),
        ('"0.5"', '"0.9"', 'gamma `"0.5"` → `"0.9"`'),
    ],
)
def test_a_changed_setting_is_told_in_words_and_is_no_patch(before, after, words):
    changed = SETTINGS.replace(before, after)
    settings, patch, files = compare_sources({"a.py": SETTINGS}, {"a.py": changed})
    assert ", ".join(change.words for change in settings) == words
    assert bool(patch) == bool(files) == (not words), "what is only written otherwise is code"


def test_a_setting_in_a_setting_is_told_once():
    (change,), patch, _ = compare_sources({"a.py": "x = y = [{'n': 1}]\n"}, {"a.py": "x = y = [{'n': 2}]\n"})
    assert change.name == "x" and not patch


def test_code_is_a_patch_beside_the_settings():
    changed = SETTINGS.replace("LR = 1e-3", "LR = 1e-4\nCLIP = 1.0").replace("-2 * LR", "-3 * LR")
    settings, patch, files = compare_sources({"a.py": SETTINGS, "old.sh": "x\n"}, {"a.py": changed})
    assert [change.words for change in settings] == ["learning rate 1e-3 → 1e-4", "clip 1.0 (new)"]
    assert files == ["a.py", "old.sh"] and "+++ /dev/null" in patch
    assert "-LR" not in patch and "+CLIP = 1.0" in patch and "-3 * LR" in patch
    changes = Changes(tuple(settings), patch, tuple(files))
    assert changes.words(1) == "learning rate 1e-3 → 1e-4, 1 more settings, code of `a.py`, `old.sh` changed"
    assert Changes().words() == "nothing was changed"


def test_files_of_settings_are_read_by_line():
    before, after = (
        "[opt]\nlr = 0.1 # high\nname = 'a'\n[b]\nlr = 1\n",
        "[opt]\nlr = 0.2 # high\nname = 'a'\n[b]\nlr = 1\n",
    )
    (change,), patch, _ = compare_sources({"c.toml": before}, {"c.toml": after})
    assert (change.words, change.where, patch) == ("learning rate 0.1 → 0.2", "`lr` in `c.toml`, line 2", "")


def test_secrets_are_not_told():
    (change,), patch, _ = compare_sources({"a.py": "API_KEY = 'one'\n"}, {"a.py": "API_KEY = 'two'\n"})
    assert "one" not in change.words + patch and "two" not in change.words + patch


def test_a_rewrite_costs_little():
    old, new = ("\n".join(f"{word}({n})" for n in range(20000)) for word in ("a", "b"))
    assert "too many to compare" in compare_sources({"a.py": old}, {"a.py": new})[1]


def test_what_is_no_python_is_code():
    settings, patch, _ = compare_sources({"a.py": "LR = ("}, {"a.py": "LR = (1"})
    assert not settings and "+LR = (1" in patch


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(), st.integers()),
        max_size=6,
        unique_by=lambda t: t[0],
    )
)
def test_values_are_replaced_where_they_stand(values):
    before, after = ("".join(f"ä = 'é'; {v[0]} = {v[n]} # ü\n" for v in values) for n in (1, 2))
    found = constants(before)
    new = {key: known for key, known in constants(after).items() if key[-1] != "ä"}
    assert with_values(before, [(found[key][0], known[0].text) for key, known in new.items()]) == after


@given(st.text(), st.sampled_from([".py", ".yaml"]))
def test_any_text_has_settings_or_none(text, suffix):
    found = constants(text, suffix)
    every = [one for known in (found or {}).values() for one in known]
    assert with_values(text, [(one, one.text) for one in every if one.span[0] == one.span[2]]) == text


def test_names_are_said_as_people_say_them():
    said = ["learning rate", "learning rate", "max norm", "weight decay", "hidden dim"]
    assert [spoken(name) for name in ("LEARNING_RATE", "--lr", "maxNorm", "optim.wd", "--hidden-dim")] == said


def test_arguments_environment_and_plan(lab):
    def request(number, words, **changes):
        asked = lab.plan(command=("python", "t.py", *words), **changes)
        return RunRequest("demo", number, "full", number, asked, asked.command, asked.cwd, {}, "")

    old = request(
        1, ["--lr", "0.1", "fast", "--amp", "model.depth=3", "--bias", "-1"], env={"A": "1", "TOKEN": "x"}
    )
    new = request(
        2, ["--lr=0.01", "slow", "model.depth=4", "--bias", "-1"], env={"A": "2", "TOKEN": "y"}, seed=7
    )
    runs = [lab.model.new_run("full") for _ in range(2)]
    words = [change.words for change in asked_otherwise(*runs, old, new)]
    assert words == [
        "learning rate 0.1 → 0.01",
        "amp taken away (was on)",
        "depth 3 → 4",
        "arguments fast → slow",
        "a 1 → 2",
        "seed 0 → 7",
    ]


def test_numbers_of_the_shell_are_told_and_its_words_are_not(lab, monkeypatch):
    for value in ("1", "2"):
        monkeypatch.setenv("MY_DEPTH", value)
        monkeypatch.setenv("MY_PLACE", f"/home/{value}")
        lab.watch("good()\n")
    assert changes_between(*lab.model.runs()).words() == "my depth 1 → 2"


# ------------------------------------------------------------------ paragraphs


def entry_text(
    number=1, kind="nan-loss", message="loss is nan at epoch 50", run="demo/001-full", rule="non-finite"
):
    incident = Incident(f"id{number}", "error", kind, message, "confirmed", "history", rule)
    facts = diary.EntryFacts("2026-01-25 14:30", "Phase 5B", run.partition("/")[0], run, "me", incident)
    return diary.render(facts, number)


LOWER = Changes((Change("learning rate", "0.1", "0.01", "`LR` in `a.py`, line 1"),))


def test_a_test_and_its_result_are_added_once():
    text = entry_text()
    once = with_test(text, "demo/002-full", "14:30", LOWER)
    assert (
        with_test(once, "demo/002-full", "14:30", LOWER) == once
        and "**Test 1**: learning rate 0.1 → 0.01" in once
    )
    both = with_result(once, "demo/002-full", "still diverged")
    assert with_result(both, "demo/002-full", "passed") == both and "\n- Result: still diverged\n" in both
    assert with_result(text, "demo/002-full", "passed") == text, "deleted, or never there"


def test_numbers_go_on_behind_a_persons_and_results_say_which():
    text = diary.append_to_section(entry_text(), "investigation", "**Test 4**: by hand")
    text = with_test(text, "demo/002-full", "", LOWER)
    text = diary.append_to_section(text, "investigation", "The gradients of the hub are large.")
    text = with_result(text, "demo/002-full", "passed")
    assert "**Test 5**" in text and "- Result of Test 5: passed" in text


def test_an_entry_without_that_section_is_left_alone():
    text = "## Dev Diary Entry #1\n\nMy own form.\n"
    assert with_test(text, "demo/002-full", "", LOWER) == text
    assert with_proposal(text, "demo/002-full", "x") == text


def proposed(text, run="demo/002-full"):
    return with_proposal(
        text, run, proposal_of(run, ("demo/001-full", "diverged"), "passed", LOWER, "", {"rmse": 4.2}, "3 s")
    )


def test_accepting_keeps_what_a_person_wrote(tmp_path):
    path = tmp_path / "dev_diary.md"
    own = diary.replace_section(entry_text(), "fix", "I lowered it.\r\nIt helped.")
    path.write_text("# Dev Diary\n\n" + proposed(own) + "\n" + entry_text(2))
    text = accept(path, 1).text
    fix = diary.section_text(text, "fix")
    assert fix.startswith(
        "I lowered it.\nIt helped.\n\n<!-- fix-accepted: demo/002-full -->\n**What I Did**:\n- Changed"
    )
    assert "**Status**: RESOLVED" in text and diary.read(path).find(2).text == entry_text(2)
    with pytest.raises(ValueError, match="entry #2 has no proposed fix"):
        accept(path, 2)
    with pytest.raises(KeyError):
        accept(path, 3)


def test_accepting_gives_hints_away_and_keeps_a_status_with_words(tmp_path):
    path = tmp_path / "dev_diary.md"
    path.write_bytes(
        diary.set_status(proposed(entry_text()), "waiting for data").replace("\n", "\r\n").encode()
    )
    text = accept(path, 1).text
    fix = diary.section_text(text, "fix")
    assert (
        fix.startswith("<!-- fix-accepted")
        and fix.count("**Result**") == 1
        and "\n" not in text.replace("\r\n", "")
    )
    assert "**Status**: RESOLVED (waiting for data)" in text


# ------------------------------------------------------------------ hypotheses


def book(*texts):
    return diary.parse("# Dev Diary\n\n" + "\n".join(texts))


def incident(kind="nan-loss", message="loss is nan at epoch 45", rule="non-finite", **more):
    return Incident("i", "error", kind, message, rule=rule, **more)


def test_entries_alike_come_with_their_fix():
    fixed = diary.set_status(
        diary.replace_section(entry_text(3), "fix", "**What I Did**:\n- Clipped at 1.0"), "RESOLVED"
    )
    other = entry_text(4, "cpu-oom", "killed by the kernel", rule="oom")
    found = similar_entries(
        book(entry_text(1), fixed, other, entry_text(5)), incident(), "demo", frozenset({5})
    )
    assert [one.number for one in found] == [3, 1]
    assert found[0].fix == "Clipped at 1.0" and set(found[0].alike) == {"message", "kind", "rule", "model"}
    assert fix_line(entry_text()) == "" and fix_line(proposed(entry_text())) != ""


def test_an_entry_in_a_persons_own_form_is_found_by_its_message():
    own = "## Dev Diary Entry #7\n\n### The Struggle\n\n```\nRuntimeError: NaN detected in loss\n```\n"
    found = similar_entries(
        book(own), incident(message="RuntimeError: NaN detected in loss"), "demo", frozenset()
    )
    assert [one.number for one in found] == [7]


def test_hypotheses_have_evidence_and_no_doubles(lab):
    flag = Incident("f", "warning", "spike", "grad_norm jumped", source="history", facts={"epoch": 40.0})
    over = Incident("g", "warning", "spike", "it was over", fate="recovered", source="history")
    raised = Change("learning rate", "0.01", "0.1", "`LR` in `a.py`, line 3")
    good = lab.model.new_run("full")
    found = hypotheses(
        incident(hypotheses=("Too high a rate.", "too high a rate", "Clip.", "Data.", "Luck.", "Rest.")),
        [flag, over],
        Changes((raised,)),
        good,
        book(entry_text(3)),
        "demo",
    )
    assert len(found) == 6 and all(one.endswith("]") for one in found)
    assert (
        found[0]
        == "learning rate 0.01 → 0.1 in this attempt [`LR` in `a.py`, line 3, since `demo/001-full` passed]"
    )
    assert sum("high a rate" in one for one in found) == 1 and not any("was over" in one for one in found)
    assert any("grad_norm jumped [red flag `spike`: epoch 40]" in one for one in found)
    assert any(one.startswith("the same as in entry #3, its fix is not written [same") for one in found)
    assert hypotheses(incident(), [], Changes(), None, book(), "demo") == ()


def test_failures_are_the_same_by_kind_or_by_message():
    assert same_failure(incident(message="a", rule="x"), incident(message="b", rule="y"))
    error = [
        incident("exception", text, "traceback")
        for text in ("KeyError: 'a'", "KeyError: 'b'", "ValueError: c")
    ]
    assert same_failure(error[0], error[1]) and not same_failure(error[0], error[2])
    assert shape("at 0x7f epoch 12, /tmp/a/b.py") == shape("at 0x99 epoch 3, /var/b.py")
