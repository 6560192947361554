"""Checkpoints (F05) and input (F02)."""

from __future__ import annotations

from trainer_tui.failures.rule_hints import (
    CHECKPOINT,
)
from trainer_tui.failures.rules import Rule

# fmt: off
RULES: tuple[Rule, ...] = (
    # --- F05 checkpoints
    Rule("state-dict", "error", "checkpoint",
         r"Error\(s\) in loading state_dict|PytorchStreamWriter failed|PytorchStreamReader failed"
         r"|unexpected EOF, expected \d+ more bytes|SafetensorError|HeaderTooLarge"
         r"|MetadataIncompleteBuffer|Error while deserializing header|invalid load key, '|not an sstable \(bad magic number\)"
         r"|Unsuccessful TensorSliceReader constructor|Key \S+ not found in checkpoint|size mismatch for \S+: copying a param",
         "A checkpoint could not be read or written.", CHECKPOINT),
    # --- F02 input
    Rule("truncated-input", "error", "bad-input",
         r"\(truncated file: |BadZipFile: |BadGzipFile: |Input ([Xy] )?contains NaN[.,]"
         r"|image file is truncated \(|^(lmdb|zlib|binascii|cv2)\.[Ee]rror: |MDB_[A-Z_]+: |Parquet magic bytes not found|DataLossError: |corrupted record at \d"
         r"|truncated record at \d|^(FATAL|ERROR): .*([Cc]an't|[Cc]annot|[Cc]ould not|[Uu]nable to) (open|read|find) (input )?file ",
         "The input data are broken.",
         ("Check the file named in the message: size, checksum, missing values.",)),
)
# fmt: on
