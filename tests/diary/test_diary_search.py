"""The search log follows its study, and leaves everything that a person wrote."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.diary.document import Diary, parse
from trainer_tui.diary.search_log import Logged, SearchLogError, log_search
from trainer_tui.diary.sensitivity import effects, ranks, spearman
from trainer_tui.diary.studies import StudyError, from_csv, from_optuna, guessed_direction, without_password

TRIALS = """number,lr,λ,units,opt,val_rmse,Notes,run
0,0.1,0.01,64,sgd,nan,,model_3/003-full
1,0.01,0.01,64,adam,4.2,,
2,0.001,0.01,64,adam,5.1,Underfit | slow,
3,0.003,0.01,128,adam,4.6,,
4,0.0003,0.01,128,sgd,6.0,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "trials.csv"
    path.write_text(TRIALS)
    return path


def logged(text: str, path: Path, **more: str) -> tuple[Diary, Logged]:
    return log_search(
        parse(text), from_csv(path, "lr sweep", "val_rmse"), entries={"model_3/003-full": 3}, **more
    )


def test_the_document_s_table(table: Path) -> None:
    diary, result = logged("# Dev Diary\n\n## Dev Diary Entry #1\n\nx", table, model="model_3")
    text = diary.text
    assert text.startswith(
        "# Dev Diary\n\n## Dev Diary Entry #1\n\nx\n\n## Hyperparameter Search Log\n\n<!-- search:"
    )
    for line in (
        "<!-- search: lr%20sweep -->",
        "**Model**: model_3",
        "- lr: [0.0003, 0.001, 0.003, 0.01, 0.1]",
        "- opt: [adam, sgd]",
        "| Trial | lr | λ | units | opt | val_rmse | Notes |",
        "| 0 | 0.1 | 0.01 | 64 | sgd | NaN | Diverged, see diary #3 |",
        "| 1 | 0.01 | 0.01 | 64 | adam | **4.2** | ✅ Best |",
        "| 2 | 0.001 | 0.01 | 64 | adam | 5.1 | Underfit \\| slow |",
        "- lr = 0.01",
        "- opt = adam",
        "Trial 1, val_rmse 4.2.",
        "| lr | 1.00 | falls |",
        "<!-- /search -->",
        "### Insight for Paper",
    ):
        assert line in text.splitlines(), line
    assert "| λ |" not in text.split("### Sensitivity")[1]  # it was never varied
    assert text.splitlines()[result.line - 1] == "<!-- search: lr%20sweep -->"
    assert len(diary.entries) == 1 and diary.entries[0].text.rstrip().endswith("x")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_trial_changes_the_inside_alone(table: Path, newline: str) -> None:
    diary, _ = logged("# Dev Diary\n".replace("\n", newline), table)
    assert logged(diary.text, table)[1].outcome == "unchanged"
    around = (
        diary.text.replace("### Insight for Paper", "Mine.\r\n\n### Insight for Paper")
        + "\n## Dev Diary Entry #4\n"
    )
    with table.open("a") as file:
        file.write("5,0.02,0.01,64,adam,3.9,,\n")
    after, result = logged(around, table)
    assert result.outcome == "written" and "| 5 | 0.02 |" in after.text and "**3.9** | ✅ Best" in after.text
    before = around.split("<!-- search")[0], around.split("<!-- /search -->")[1]
    assert (after.text.split("<!-- search")[0], after.text.split("<!-- /search -->")[1]) == before


def test_what_a_person_wrote_inside_is_kept_below(table: Path) -> None:
    diary, _ = logged("", table)
    touched = diary.text.replace("- lr = 0.01", "- lr = 0.01 (balanced: converges without divergence)")
    after, result = logged(touched, table)
    assert result.outcome == "kept" and "(balanced" in after.text.split("<!-- /search -->")[1]
    assert "(balanced" not in after.text.split("<!-- /search -->")[0] and "**Kept**" in after.text
    again, second = logged(after.text, table)
    assert second.outcome == "unchanged" and again.text == after.text
    emptied = diary.text.split("<!-- kept")[0] + "my own table\n<!-- /search -->\n"
    assert "my own table" in logged(emptied, table)[0].text.split("<!-- /search -->")[1]


def test_marks_in_code_are_text_and_a_missing_end_is_said(table: Path) -> None:
    fenced = "```\n<!-- search: lr%20sweep -->\n```\n"
    assert logged(fenced, table)[0].text.startswith(fenced)
    with pytest.raises(SearchLogError, match="begins in line 3 and has no end"):
        logged("# D\n\n<!-- search: lr%20sweep -->\ntext\n<!-- search: other -->\n<!-- /search -->\n", table)


def test_tables_of_others(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "optuna.csv"
    path.write_text(
        "number,value,datetime_start,params_x,params_kind,user_attrs_note,state\n"
        "0,0.5,2026,1,a,first,COMPLETE\n1,,2026,2,b,,TrialState.PRUNED\n2,,2026,3,b,,FAIL\n"
    )
    study = from_csv(path, "s", direction="maximize")
    assert study.params == ("x", "kind") and study.direction == "maximize"
    assert [trial.state for trial in study.trials] == ["complete", "pruned", "failed"]
    assert study.best == study.trials[0] and study.trials[0].note == "first"
    for text, says in (("", "no trials"), ("a,b\n", "no trials"), ("a\nx\n", "no column of numbers")):
        path.write_text(text)
        with pytest.raises(StudyError, match=says):
            from_csv(path, "s")
    with pytest.raises(StudyError, match="it has number, lr"):
        from_csv(table, "s", "loss")
    path.write_bytes(b"\xff\xfe,")
    with pytest.raises(StudyError, match="UTF-8"):
        from_csv(path, "s")
    assert guessed_direction("val_accuracy") == "maximize" and guessed_direction("val_loss") == "minimize"
    assert without_password("postgresql://ada:secret@host/db") == "postgresql://ada:•••@host/db"


def test_a_thousand_trials_are_a_short_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,loss\n" + "".join(f"{n},{(n - 500) ** 2}\n" for n in range(1000)))
    text = log_search(parse(""), from_csv(path, "big"))[0].text
    assert "| 500 | 500 | **0** | ✅ Best |" in text and "The best 40 of 1000 trials." in text
    assert "- x: 0 to 999 (1000 values)" in text and text.count("\n| ") < 60


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_ranks_and_correlation(values: list[float]) -> None:
    assert math.isclose(sum(ranks(values)), len(values) * (len(values) + 1) / 2)
    if len(set(values)) > 1:
        assert math.isclose(spearman(values, values), 1) and math.isclose(
            spearman(values, [-v for v in values]), -1
        )
    scipy = pytest.importorskip("scipy.stats")
    assert ranks(values) == list(scipy.rankdata(values))


def test_words_have_a_strength_without_a_direction(table: Path) -> None:
    found = {effect.param: effect for effect in effects(from_csv(table, "s", "val_rmse"))}
    assert found["opt"].sign == 0 and 0.7 < found["opt"].strength <= 1 and "λ" not in found


def test_a_study_of_optuna(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="tune", storage=url, sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial) -> float:
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        trial.suggest_categorical("act", ["relu", "tanh"])
        if trial.number == 3:
            raise optuna.TrialPruned
        return abs(math.log10(lr) + 2)

    study.optimize(objective, n_trials=25)
    found = from_optuna(url, "tune", "val_rmse")
    assert len(found.trials) == 25 and found.trials[3].state == "pruned" and found.params == ("lr", "act")
    assert found.best is not None and found.best.number == study.best_trial.number
    assert found.importances is not None and set(found.importances) <= {"lr", "act"}
    text = log_search(parse(""), found)[0].text
    assert "24 complete, 1 pruned" in text and "Optuna's importance" in text and "minimize `val_rmse`" in text
    with pytest.raises(StudyError, match="no study 'other'; it has tune"):
        from_optuna(url, "other")
