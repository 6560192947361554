"""Seeds: small files as the tools write them, made by hand after their formats, and by the product itself."""
# ruff: noqa: E501 - what programs print has the length it has

from __future__ import annotations

import json
import math
import sqlite3
import struct
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from trainer_tui.runs.formats.tfevents import masked_crc
from trainer_tui.runs.formats.wandb import BLOCK

LIGHTNING = (
    b"epoch,step,train_loss_epoch,train_loss_step,val_loss\r\n"
    b"0,4,,2.55,\r\n0,15,,,0.15\r\n0,15,1.76,,\r\n1,19,,nan,\r\n1,31,,,0.005\r\n1,31,0.05,,\r\n"
)
KERAS = b"epoch,loss,val_loss\r\n0,6.2,7.3\r\n1,5.4,inf\r\n"
OWN = (
    b"epoch,train_loss,val_loss,rmse,grad_norm,time_s,elapsed_s\n"
    b"1,0.0850934,0.0487272,3.53188,0.0926285,1.00595,1.00595\n"
    b"2,0.0368236,0.0307531,,0.0423952,0.03075,1.0367\n3,nan,inf,2.5,0.04,0.03,1.1\n",
    b"draw,rhat,ess\n100,1.2,40\n200,1.01,400\n",
)
STATE = json.dumps(
    {
        "log_history": [
            {"loss": 1.5, "learning_rate": 5e-5, "epoch": 0.1, "step": 10},
            {"eval_loss": 1.25, "eval_runtime": 3.5, "epoch": 0.1, "step": 10},
            {"train_runtime": 100.0, "train_loss": 1.0, "epoch": 1.0, "step": 100},
        ]
    }
).encode()
LOGS = (
    b"step 0: train loss 4.2, val loss 4.3\niter 0: loss 4.25, time 100.00ms, mfu -100.00%\niter 1: loss 4.2, time 9ms\n",
    b"{'loss': 1.5, 'grad_norm': 2.0, 'learning_rate': 5e-05, 'epoch': 0.1}\n{'eval_loss': 1.2, 'epoch': 0.2}\n",
    b"Epoch 1/3\n\x1b[1m10/10\x1b[0m \x1b[32m\xe2\x94\x81\xe2\x94\x81\xe2\x94\x81\x1b[0m \x1b[1m0s\x1b[0m 9ms/step - loss: 0.5 - val_loss: 0.4\nEpoch 2/3\n"
    b"10/10 [==============================] - 1s 5ms/step - loss: 0.4 - accuracy: 0.9 - val_loss: 0.3\n",
    b"[0]\ttrain-rmse:0.5\teval-rmse:0.6\n[1]\ttrain-rmse:0.4\teval-rmse:0.5\n[10]\ttraining's l2: 0.5\tvalid_0's l2: 0.6\n",
    b"Iteration 1, loss = 0.5\nValidation score: 0.8\nIteration 2, loss = 0.4\n-- Epoch 1\nNorm: 1.0, NNZs: 2, Bias: 0.1, T: 100, Avg. loss: 0.5\n",
    b"      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size\n        1/3         0G      1.5       2.5         12        640: 100%|##########| 10/10 [00:01<00:00, 9.9it/s]\n",
    b" iteration        1/     100 | consumed samples:           8 | lm loss: 1.050000E+01 | grad norm: 1.0 |\n validation loss at iteration 10 | lm loss value: 1.0E+00 | lm loss PPL: 3.0E+00 |\n",
    b"[2026-01-25 10:00:00,123] [INFO] step=10, skipped=0, lr=[0.001], mom=[[0.9, 0.99]]\nsteps: 10 loss: 0.5 iter time (s): 0.1 samples/sec: 10\n",
    b"Epoch 0:  50%|#####     | 5/10 [00:01<00:01, 4.5it/s, loss=0.5]\rEpoch 0: 100%|##########| 10/10 [00:02<00:00, 4.5it/s, loss=0.4, v_num=1]\nValidation: 100%|#| 2/2 [00:00<00:00, loss=0.3]\n",
    b"2026-01-25 14:00:00 INFO Epoch: [0][ 10/391]  Loss 0.5 (0.6)  Acc@1 50.0 lr=0.1\nTrain Epoch: 1 [640/60000 (1%)]\tLoss: 0.5\nepoch 3 step 12 | train_loss=0.25, val_loss: 0.5\n",
)


def varint(value: int) -> bytes:
    """A number as protocol buffers write it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, kind: int, content: bytes) -> bytes:
    """A field of a message."""
    return varint(number << 3 | kind) + (varint(len(content)) if kind == 2 else b"") + content


def record(data: bytes) -> bytes:
    """A record of an event file, its checksums right."""
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def _scalar(tag: str, value: float, step: int, tensor: bool = False) -> bytes:
    packed = field(1, 0, varint(1)) + field(2, 2, field(2, 2, b"")) + field(4, 2, struct.pack("<f", value))
    content = field(8, 2, packed) if tensor else field(2, 5, struct.pack("<f", value))
    entry = field(1, 2, field(1, 2, tag.encode()) + content)
    return record(field(1, 1, struct.pack("<d", 1.0)) + field(2, 0, varint(step)) + field(5, 2, entry))


EVENTS = (
    record(field(1, 1, struct.pack("<d", 1.0)) + field(3, 2, b"brain.Event:2"))
    + _scalar("loss", 0.5, 1)
    + _scalar("loss", 0.25, 2, tensor=True)
    + _scalar("val/loss", math.nan, 2)
    + record(b"") * 3
)


def _wandb() -> bytes:
    out = bytearray(b":W&B" + struct.pack("<HB", 0xBEE1, 0))
    for step, row in enumerate(
        ({"_step": 0, "loss": 1.5, "_runtime": 2}, {"_step": 1, "loss": "NaN"}, {"acc": 0.5})
    ):
        items = b"".join(
            field(1, 2, field(2, 2, name.encode()) + field(16, 2, json.dumps(value).encode()))
            for name, value in row.items()
        )
        content = field(1, 0, varint(step + 1)) + field(2, 2, items + field(2, 2, field(1, 0, varint(step))))
        out += struct.pack("<IHB", 0, len(content), 1) + content
    out += struct.pack("<IHB", 0, BLOCK - len(out) - 7, 2) + bytes(BLOCK - len(out) - 7)
    return bytes(out) + struct.pack("<IHB", 0, 40, 4) + bytes(40)


WANDB = _wandb()

SCRIPTS = (
    b"create table runs (run_uuid, start_time);\ncreate table metrics (key, value, step, is_nan, run_uuid);\n"
    b"insert into runs values ('a', 5);\n"
    b"insert into metrics values ('loss', 0.5, 1, 0, 'a'), ('acc', 0.25, 1, 0, 'a'), ('loss', 0, 2, 1, 'a');\n"
    b"insert into metrics values (null, null, null, null, 'a'), (1, 'x', 'y', 'z', 'a'), (x'ff', x'00', 9e999, 2, 'a');\n",
    b"create view runs as with recursive n(i) as (select 1 union all select i + 1 from n) select i as run_uuid, i as start_time from n;\n"
    b"create table metrics (key, value, step, is_nan, run_uuid);\n",
    b"create table runs (run_uuid, start_time);\ninsert into runs values ('a', 5);\n"
    b"create view metrics as with recursive n(i) as (select 1 union all select i + 1 from n) select i as rowid, 'k' as key, i as value, i as step, 0 as is_nan, 'a' as run_uuid from n;\n",
)


@cache
def mlflow_database() -> bytes:
    """A small store, as MLflow lays it out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mlflow.db")
        with closing(sqlite3.connect(path)) as store:
            store.executescript("pragma page_size = 512;" + SCRIPTS[0].decode().rpartition("insert")[0])
            store.commit()
        return path.read_bytes()
