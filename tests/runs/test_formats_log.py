"""Numbers that trainings print: every dialect, in any pieces, and silence about everything else."""

# ruff: noqa: E501 - what programs print has the length it has

from __future__ import annotations

import io
import math
import sys
import time
from contextlib import redirect_stdout
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.formats.log_lines import ALL_ROWS, LONGEST, LogParser
from trainer_tui.runs.formats.rows import Merger

NANOGPT = (
    "number of parameters: 10.65M\nstep 0: train loss 4.2874, val loss 4.2823\n"
    "iter 0: loss 4.2654, time 21.25ms, mfu -100.00%\niter 10: loss nan, time 24.15ms, mfu 14.31%\n"
    "step 250: train loss 1.9612, val loss 2.0590\n"
)
HF = (
    "{'loss': '0.668', 'grad_norm': '0.5392', 'learning_rate': '4.063e-05', 'epoch': '0.5'}\n"
    "{'loss': nan, 'grad_norm': inf, 'learning_rate': 2.8e-05, 'epoch': 1.0}\n"
    "{'eval_loss': '0.6624', 'eval_runtime': '0.0034', 'eval_samples_per_second': '1.87e+04', 'epoch': '1'}\n"
    "{'train_runtime': '0.04', 'train_samples_per_second': '3192', 'train_loss': '0.66', 'epoch': '2'}\n"
)
JSON_LINES = '{"epoch": 1, "train_loss": "6.6", "lr": 0.1}\n{"epoch": 2, "train_loss": "5.5", "lr": 0.1}\n'
BAR = "━" * 20
KERAS_1 = (
    "Epoch 1/2\n\r\x1b[1m1/3\x1b[0m \x1b[32m"
    + BAR
    + "\x1b[0m \x1b[1m0s\x1b[0m 3ms/step - loss: 4.7609 - mae: 1.8"
    + "\b" * 70
    + "\r\x1b[1m3/3\x1b[0m "
    + BAR
    + " \x1b[1m0s\x1b[0m 10ms/step - loss: 6.2067 - mae: 2.0407"
    " - val_loss: 7.3195\nEpoch 2/2\r\n3/3 - 0s - 937us/step - loss: inf - mae: 1931517002326.0000\n"
    "313/313 - 1s - 2ms/step - loss: 9.0\n"
)
XGBOOST = "[0]\ttrain-logloss:0.52738\teval-logloss:0.6\n[1]\ttrain-logloss:0.5\teval-logloss:nan\n"
LIGHTGBM = (
    "[LightGBM] [Warning] No further splits with positive gain, best gain: -inf\n"
    "[1]\ttraining's binary_logloss: 0.642\tvalid_1's auc: 0.91183\n[2]\ttraining's binary_logloss: 0.5\tvalid_1's auc: 0.92\n"
)
CATBOOST = (
    "0:\tlearn: 0.6329740\ttest: 0.6330305\tbest: 0.6330305 (0)\ttotal: 47.3ms\tremaining: 94.5ms\n"
    "1:\tlearn: 0.5\ttest: 0.6\tbest: 0.6 (1)\ttotal: 47.3ms\tremaining: 94.5ms\n"
)
MEGATRON = (
    " iteration       10/     100 | consumed samples:  160 | elapsed time per iteration (ms): 123.4 | learning rate: "
    "1.0E-05 | lm loss: 1.050000E+01 | loss scale: 1.0 | grad norm: 2.123 | number of skipped iterations:   0 |\n"
    " validation loss at iteration 10 | lm loss value: 9.1E+00 | lm loss PPL: 1.2E+04 | \n"
)
DEEPSPEED = "steps: 10 loss: 0.7321 iter time (s): 0.345 samples/sec: 92.5\n"
FASTAI = (
    "epoch     train_loss  valid_loss  accuracy  time    \n0         0.905     0.512     0.81      00:05     \n"
    "1         0.505     0.412     0.91      00:05     \n"
)
YOLO = (
    "      Epoch    GPU_mem   box_loss   cls_loss   dfl_loss  Instances       Size\n"
    "\r      1/100      13.7G      1.154      0.965      1.025        221        640:  56%|█████▌    | 32/57 [05:54<04:34]"
    "\r      1/100      13.7G      1.054      0.865      1.025        221        640: 100%|██████████| 57/57 [09:54<00:00]\n"
    "      2/100      13.7G      1.000      0.765      1.025        221        640: 100%|██████████| 57/57 [09:54<00:00]\n"
)
TQDM = (
    "".join(
        f"\rEpoch {epoch}:  {at * 33}%|███   | {at}/3 [00:00<00:00,  6.63it/s, loss={loss}]"
        for epoch in (1, 2)
        for at, loss in ((0, 9), (1, 9), (1, 1 / epoch), (2, "nan"), (3, 0.25))
    )
    + "\n"
)
FREE = {
    "Epoch 1/10, loss=0.5, acc: 93.1%\nEpoch 2/10, loss=0.4, acc: 94%\n": [
        {"epoch": 1, "loss": 0.5, "acc": 93.1},
        {"epoch": 2, "loss": 0.4, "acc": 94},
    ],
    "2026-01-01 10:00:00,123 - INFO - step 10: loss: nan lr: 1e-3 (3.1s)\n"
    "2026-01-01 10:00:09,123 - INFO - step 20: loss: 0.5 lr: 1e-3 (3.1s)\n": [
        {"step": 10, "loss": math.nan, "lr": 0.001},
        {"step": 20, "loss": 0.5, "lr": 0.001},
    ],
    "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 2.2\n": [
        {"epoch": 1, "step": 60000, "Loss": 2.3},
        {"epoch": 1, "step": 60640, "Loss": 2.2},
    ],
    "Epoch: [0][ 10/391]\tTime  0.2 ( 0.3)\tLoss 2.3e+00 (2.4e+00)\tAcc@1  10.0 (  9.5)\n"
    "Epoch: [1][ 10/391]\tTime  0.2 ( 0.3)\tLoss 2.1e+00 (2.4e+00)\tAcc@1  12.0 (  9.5)\n": [
        {"epoch": 0, "step": 10, "Loss": 2.3, "Acc@1": 10},
        {"epoch": 1, "step": 401, "Loss": 2.1, "Acc@1": 12},
    ],
    "Epoch [1/5], Step [100/600], Loss: 0.25\nEpoch [2/5], Step [100/600], Loss: 0.2\n": [
        {"epoch": 1, "Step": 700, "Loss": 0.25},
        {"epoch": 2, "Step": 1300, "Loss": 0.2},
    ],
    "[01/02 d2.utils.events]: eta: 0:12:34  iter: 19  total_loss: 2.1  loss_cls: 1.1  lr: 0.001  max_mem: 3000M\n"
    "[01/02 d2.utils.events]: eta: 0:12:30  iter: 39  total_loss: 2.0  loss_cls: 1.0  lr: 0.001  max_mem: 3000M\n": [
        {"iter": 19, "total_loss": 2.1, "loss_cls": 1.1, "lr": 0.001},
        {"iter": 39, "total_loss": 2.0, "loss_cls": 1.0, "lr": 0.001},
    ],
}


def read(text: str | bytes) -> tuple[str, list[dict[str, float]]]:
    parser, merger = LogParser(), Merger()
    data = text.encode() if isinstance(text, str) else text
    rows = merger.feed(parser.feed(data) + parser.finish()) + merger.flush()
    return parser.dialect, rows


def same(rows: list[dict[str, float]], wanted: list[dict[str, float]]) -> bool:
    plain = [sorted((n.lower(), repr(float(v))) for n, v in row.items()) for row in rows]
    return plain == [sorted((n.lower(), repr(float(v))) for n, v in row.items()) for row in wanted]


KNOWN = {
    "nanogpt": (
        NANOGPT,
        [
            {"step": 0, "train_loss": 4.2874, "val_loss": 4.2823, "loss": 4.2654},
            {"step": 10, "loss": math.nan},
            {"step": 250, "train_loss": 1.9612, "val_loss": 2.059},
        ],
    ),
    "huggingface": (
        HF,
        [
            {"epoch": 0.5, "loss": 0.668, "grad_norm": 0.5392, "learning_rate": 4.063e-05},
            {
                "epoch": 1,
                "loss": math.nan,
                "grad_norm": math.inf,
                "learning_rate": 2.8e-05,
                "eval_loss": 0.6624,
            },
        ],
    ),
    "keras": (
        KERAS_1,
        [
            {"epoch": 1, "loss": 6.2067, "mae": 2.0407, "val_loss": 7.3195},
            {"epoch": 2, "loss": math.inf, "mae": 1931517002326.0},
        ],
    ),
    "xgboost": (
        XGBOOST,
        [
            {"iteration": 0, "train-logloss": 0.52738, "eval-logloss": 0.6},
            {"iteration": 1, "train-logloss": 0.5, "eval-logloss": math.nan},
        ],
    ),
    "lightgbm": (
        LIGHTGBM,
        [
            {"iteration": 1, "training's_binary_logloss": 0.642, "valid_1's_auc": 0.91183},
            {"iteration": 2, "training's_binary_logloss": 0.5, "valid_1's_auc": 0.92},
        ],
    ),
    "catboost": (
        CATBOOST,
        [{"iteration": 0, "learn": 0.632974, "test": 0.6330305}, {"iteration": 1, "learn": 0.5, "test": 0.6}],
    ),
    "megatron": (
        MEGATRON,
        [
            {
                "iteration": 10,
                "learning_rate": 1e-05,
                "lm_loss": 10.5,
                "grad_norm": 2.123,
                "val_lm_loss": 9.1,
                "val_lm_loss_PPL": 12000,
            }
        ],
    ),
    "deepspeed": (DEEPSPEED, [{"step": 10, "loss": 0.7321}]),
    "table": (
        FASTAI,
        [
            {"epoch": 0, "train_loss": 0.905, "valid_loss": 0.512, "accuracy": 0.81},
            {"epoch": 1, "train_loss": 0.505, "valid_loss": 0.412, "accuracy": 0.91},
        ],
    ),
    "tqdm": (
        TQDM,
        [
            {"epoch": 1, "step": 0, "loss": 9},
            {"epoch": 1, "step": 1, "loss": 1.0},
            {"epoch": 1, "step": 2, "loss": math.nan},
            {"epoch": 1, "step": 3, "loss": 0.25},
            {"epoch": 2, "step": 3, "loss": 9},
            {"epoch": 2, "step": 4, "loss": 0.5},
            {"epoch": 2, "step": 5, "loss": math.nan},
            {"epoch": 2, "step": 6, "loss": 0.25},
        ],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_dialects(name: str):
    text, wanted = KNOWN[name]
    dialect, rows = read("# Starting\nbatch_size: 32\n" + text)
    if name == "tqdm":  # the first step of an epoch is the last one of the epoch before
        rows = [row for row in rows if row["loss"] != 9]
        wanted = [row for row in wanted if row["loss"] != 9]
    assert dialect == name and same(rows, wanted), rows


@pytest.mark.parametrize("text", FREE)
def test_free_text(text: str):
    dialect, rows = read(text)
    assert dialect == "key=value" and same(rows, FREE[text]), rows


def test_other_tables_and_lines():
    assert [row["box_loss"] for row in read(YOLO)[1]] == [1.054, 1.0]
    assert [row["train_loss"] for row in read(JSON_LINES)[1]] == [6.6, 5.5]


def test_scikit_learn_itself():
    pytest.importorskip("sklearn")
    from sklearn.datasets import make_classification
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import SGDClassifier
    from sklearn.neural_network import MLPClassifier

    X, y = make_classification(200, random_state=0)  # noqa: N806
    for model, dialect, column in (
        (MLPClassifier(max_iter=5, verbose=True, early_stopping=True), "sklearn-mlp", "validation_score"),
        (GradientBoostingClassifier(n_estimators=8, verbose=1, subsample=0.5), "table", "Train_Loss"),
        (SGDClassifier(max_iter=6, tol=None, verbose=1), "sklearn-sgd", "loss"),
    ):
        printed = io.StringIO()
        with redirect_stdout(printed), pytest.warns() if dialect == "sklearn-mlp" else _nothing():
            model.fit(X, y)
        found, rows = read(printed.getvalue())
        assert found == dialect and len(rows) >= 5, printed.getvalue()
        assert all(math.isfinite(row[column]) for row in rows[:5])


def _nothing():
    from contextlib import nullcontext

    return nullcontext()


SILENT = """\
lr: 0.1
batch_size=32
epochs: 10, batch_size=32, lr=0.1, loss=mse
Namespace(epochs=90, start_epoch=0, step=30, gamma=0.1, lr=0.1)
step_size=10 gamma=0.5
Step 1: loading 40000 rows took 3.5 s
Step 2: splitting took 0.5 s
Step 3 of 5: score = best
Mean Squared Error: 0.41
2026-01-01 10:00:00 INFO epoch 3 starts
2026-01-01 10:00:00 INFO epoch 4 starts, accuracy so far unknown
The third epoch of the empire brought a loss of 3 provinces and an error of 12 years.
building tree 1 of 10
building tree 2 of 10
[CV 1/2] END .......................alpha=0.001;, score=0.967 total time=   0.0s
[CV 2/2] END .......................alpha=0.001;, score=0.933 total time=   0.0s
 10%|█         | 1/10 [00:00<00:01,  6.66it/s]
 20%|██        | 2/10 [00:00<00:01,  6.66it/s]
{"event": "config", "epochs": 3, "loss": "mse", "lr": 0.1}
{"step": "load", "seconds": 3}
  5   0.10   0.20
  6   0.30   0.40
[1]\tfirst: 1
12:30:01 round trip time: 3
Epoch 12 of the survey: 3 errors
"""


def test_what_is_no_history_is_silent():
    assert read(SILENT * 3) == ("", [])


@given(st.lists(st.integers(0, 10_000), max_size=8), st.sampled_from([*KNOWN, *FREE, "yolo"]))
def test_any_pieces_give_the_same_rows(cuts: list[int], name: str):
    text = KNOWN[name][0] if name in KNOWN else YOLO if name == "yolo" else name
    data = (SILENT + text.replace("\n", "\r\n", 1) + text).encode()
    parser, rows, before = LogParser(), [], 0
    for cut in [*sorted(c % len(data) for c in cuts), len(data)]:
        rows += parser.feed(data[before:cut])
        before = cut
    rows += parser.finish()
    whole = LogParser()
    assert repr(rows) == repr(whole.feed(data) + whole.finish()) and parser.dialect == whole.dialect != ""


PIECES = st.sampled_from(
    [b"\r", b"\n", b"\b", b"\x1b[1m", b"\x1b", b"epoch ", b"1 ", b"2 ", b"loss=", b"0.5", b"nan", b"Epoch 1/2\n", b"|",
     b"/step - loss: 1\n", b"3%|x| 1/3 [00:00<00:00, loss=2]", b"[1]\t", b"a-b:1", b"iter 3: loss 1, time ", b"{'loss': 1,",
     b" 'epoch': 2}", b"Epoch  a_loss\n", b"1  2\n", b"\xff\x00"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60), st.integers(0, 400))
def test_any_bytes_in_any_pieces(pieces: list[bytes], cut: int):
    data = b"".join(pieces)
    first, second = LogParser(), LogParser()
    rows = first.feed(data[:cut]) + first.feed(data[cut:]) + first.finish()
    assert repr(rows) == repr(second.feed(data) + second.finish())


def test_a_line_without_end_is_left_out():
    parser = LogParser()
    long = b"epoch 1 loss=0.5 " + b"x" * (LONGEST + 10)
    line = b"\nepoch 2 loss=0.4\nepoch 3 loss=0.3\n"
    for start in range(0, len(long), 1000):
        assert parser.feed(long[start : start + 1000]) == []
    assert [row["epoch"] for row in parser.feed(line)] == [2, 3]
    whole = LogParser()
    assert [row["epoch"] for row in whole.feed(long + line)] == [2, 3]


def test_numbers_are_found_behind_a_gigabyte_of_text():
    parser = LogParser()
    text = b"a line of text about 3 things that are no numbers\n" * 20_000
    began = time.process_time()
    for _ in range(40):
        assert parser.feed(text) == []
    rate = 40 * len(text) / (time.process_time() - began)
    assert rate > 20e6, f"{rate / 1e6:.0f} MB/s"
    more = b"".join(b"epoch %d loss=0.5\nother words\n" % n for n in range(50_000))
    assert len(parser.feed(more)) > 1000


def test_twenty_thousand_lines_a_second_cost_little():
    """Rows thin out, a NaN is never among what is left out."""
    parser = LogParser()
    seconds, rows = 15, []
    began = time.process_time()
    for second in range(seconds):
        lines = [b"iter %d: loss 1.5, time 24.15ms, mfu 1%%" % (second * 20_000 + n) for n in range(20_000)]
        if second == 14:
            lines[777] = lines[777].replace(b"1.5", b"nan")
        rows += parser.feed(b"\n".join(lines) + b"\n")
    spent = (time.process_time() - began) / seconds
    assert spent < (0.2 if sys.gettrace() is None else 2), f"{spent * 1000:.0f} ms a second of log"
    steps = [row["step"] for row in rows]
    assert (
        steps == sorted(set(steps)) and steps[:ALL_ROWS] == list(range(ALL_ROWS)) and len(rows) < 5 * ALL_ROWS
    )
    assert [row["step"] for row in rows if math.isnan(row["loss"])] == [14 * 20_000 + 777]
    longest = max(b - a for a, b in pairwise(steps))
    assert longest == 64


def test_validation_lines_are_not_thinned_with_those_of_steps():
    parser = LogParser()
    lines = []
    for n in range(60_000):
        lines.append(b"step %d loss=0.5" % n)
        if n % 1000 == 0:
            lines.append(b"step %d val_loss=0.6" % n)
    rows = parser.feed(b"\n".join(lines))
    assert sum("val_loss" in row for row in rows) == 60
