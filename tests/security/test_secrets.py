"""What is hidden, and what must not be: by name, by shape, in commands and documents."""

import json
import stat
import time

import pytest

from trainer_tui.runs.secrets import (
    HIDDEN,
    is_secret,
    masked_command,
    masked_document,
    masked_text,
    secrets_of,
)
from trainer_tui.runs.withheld import read_request, write_request

SECRET_VARIABLES = {
    "HF_TOKEN": "abcdefgh",
    "WANDB_API_KEY": "0a" * 20,
    "PGPASSWORD": "hunter2",
    "AWS_SECRET_ACCESS_KEY": "abcdefghij",
    "MY_KEY": "zzzzzz9",
    "DB_PASS": "zzzzz",
    "TRAINER_TUI_NOTIFY__APPRISE": "tgram://x/y",
    "TRAINER_TUI_TOKEN": "qwertzuiop",
    "sentryDsn": "https://0123456789abcdef0123456789abcdef@o1.example.org/1",
    "NOTES": "see postgres://ada:pass-word@db/x",
    "ANYTHING": "ghp_" + "aB3" * 12,
}
HARMLESS_VARIABLES = {
    "TOKENIZERS_PARALLELISM": "maybe",
    "KEYBOARD": "us-intl",
    "XAUTHORITY": "/root/.Xauthority",
    "SSH_AUTH_SOCK": "/tmp/agent.1",
    "GIT_AUTHOR_NAME": "Ada Lovelace",
    "MAX_TOKENS": "4096",
    "PAD_TOKEN": "<pad>",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/ada/key.json",
    "SORT_KEY": "val_loss",
    "OLDPWD": "/work",
    "HF_TOKEN_PATH": "/home/ada/.token",
    "USE_AUTH": "false",
}

HARMLESS = [
    "--tokenizer=bert",
    "max_tokens=4096, tokens/s: 12345.6",
    "keyboard: us-intl, monkey=banana",
    "commit 0123456789abcdef0123456789abcdef01234567",
    f"sha256: {'a1' * 32}",
    "vocab size 50257, pad token: <pad>, eos_token='</s>', unk_token='[UNK]'",
    "token: 2003, score 0.91",
    "KeyError: 'token_type_ids'",
    'client = Client(api_key=settings.api_key, password=password, token=os.environ["HF_TOKEN"])',
    "wandb: Run data is saved locally in /w/wandb/run-20260101_010101-abcdefgh",
    "wandb: git commit 0123456789abcdef0123456789abcdef01234567",
    "author: ada@example.org",
    "https://host:8080/a?email=a@b.org",
    "key: sentence1_embedding, cache_key=0123456789abcdef0123",
    "git+https://github.com/ada/transformers@v4.57.0",
    "error: the --token option is missing",
    "Password: required",
    "INFO secret sauce: dropout",
    "s3://bucket/key=12/part-0000",
    "password: str = field()",
    "auth = None, api_key=None, use_auth_token=False",
    "--metric-key=val_loss_of_model_1",
]

SHAPES = [
    ("postgres://ada:pass-word@db/x", "pass-word"),
    (f"https://ghp_{'a' * 36}@github.com/x", "ghp_"),
    ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
    ("ghp_" + "aB3" * 12, "aB3"),
    ("github_pat_" + "aB3" * 12, "aB3"),
    ("glpat-abcdefghij0123456789", "abcdefghij"),
    ("hf_" + "aB3" * 11, "aB3"),
    ("wandb: Paste an API key from your profile and hit enter: " + "0a" * 20, "0a0a"),
    ("wandb login " + "0a" * 20, "0a0a"),
    ("WANDB_API_KEY=" + "0a" * 20, "0a0a"),
    ("sk-proj-" + "aB3_" * 12, "aB3"),
    ("xoxb-123456789012-abcdef", "123456789012"),
    ("https://hooks.slack.com/services/T00/B00/XXXX", "XXXX"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "dozj"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\nMIIdef\n-----END RSA PRIVATE KEY-----", "MII"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nMIIabc", "MII"),
    ("HF_TOKEN=hunterhunter python x", "hunterhunter"),
    ("{'password': 'correct-horse'}", "correct"),
    ('{"api_key": "abcdefghi"}', "abcdefghi"),
    ("os.environ['HF_TOKEN'] = 'qwertzuiop'", "qwertz"),
    ("password=hunter2", "hunter2"),
    ("Authorization: Bearer abcdefgh12345678", "12345678"),
    ("curl -H 'Authorization: Basic YWRhOmh1bnRlcjI0NTY='", "YWRh"),
    ("python t.py --api-key abc123def --lr 1", "abc123def"),
    ("python t.py --api-key=abc123def", "abc123"),
    ("login(token='s3cr3t-0123456789abc')", "s3cr3t"),
    ("machine api.wandb.ai login user password zzzzzzzz", "zzzz"),
    ("https://x/?access_token=zzzzzzzzzz9&x=1", "zzzzz"),
]


def test_variables():
    assert [n for n, v in SECRET_VARIABLES.items() if not is_secret(n, v)] == []
    assert [n for n, v in HARMLESS_VARIABLES.items() if is_secret(n, v)] == []


def test_harmless_texts_stay_as_they_are():
    assert {text: masked_text(text) for text in HARMLESS if masked_text(text) != text} == {}


@pytest.mark.parametrize(("text", "secret"), SHAPES)
def test_shapes(text, secret):
    shown = masked_text(text)
    assert secret not in shown and HIDDEN in shown
    assert masked_text(shown) == shown, "hiding twice changes nothing"


def test_what_is_known_is_hidden_wherever_it_stands():
    assert masked_text("401 for s3cr3t-value", {"s3cr3t-value"}) == f"401 for {HIDDEN}"
    known = secrets_of({"A_TOKEN": "hunter22x", "B_TOKEN": "training", "C_TOKEN": "12345678", "D_KEY": "x"})
    assert known == {"hunter22x"}, "words, numbers and single letters are nobody's secret"


def test_commands_and_documents():
    words = [
        "curl",
        "--api-key",
        "abcdef",
        "--db=postgres://u:pppp@h/x",
        "HF_TOKEN=abcdefg",
        "--max-tokens=5",
    ]
    shown = [
        "curl",
        "--api-key",
        HIDDEN,
        f"--db=postgres://u:{HIDDEN}@h/x",
        f"HF_TOKEN={HIDDEN}",
        "--max-tokens=5",
    ]
    assert masked_command(words) == shown
    document = {
        "env": {"HF_TOKEN": "abcdefg", "MODE": "fast"},
        "git": {"commit": "0a" * 20},
        "n": [1.5, None],
    }
    assert masked_document(document) == {**document, "env": {"HF_TOKEN": HIDDEN, "MODE": "fast"}}


def test_no_text_takes_long():
    pieces = ["a1", "-", "password=", "api key ", "eyJ", "-----BEGIN PRIVATE KEY-----", "://a:", "--token "]
    pieces += [
        "machine a login b password ",
        "token_",
        "wandb login ",
        "bearer ",
        "key.",
        "https://",
        "password ",
    ]
    began = time.process_time()
    for piece in pieces:
        masked_text(piece * (40_000 // len(piece)))
    assert time.process_time() - began < 30, "a quadratic one takes minutes"


def test_a_request_is_parted_and_put_together_again(tmp_path):
    path = tmp_path / "run.json"
    plan = {"command": ["x"], "env": {"HF_TOKEN": "abcdefg"}, "index_url": "postgres://a:bcde@h/x", "seed": 1}
    whole = {
        "command": ["p", "--token", "s3cr3t"],
        "env": {"HF_TOKEN": "abcdefg"},
        "plan": plan,
        "log": "../x",
    }
    write_request(path, whole)
    text = path.read_text()
    assert not any(secret in text for secret in ("s3cr3t", "abcdefg", "bcde"))
    kept = tmp_path / "secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert read_request(path) == {**whole, "withheld": 4}
    kept.write_text(
        json.dumps({"values": [[["command", 9], "x"], "y", [["log", 0], "z"], [[], "z"], [["n"], 1]]})
    )
    assert read_request(path)["command"] == ["p", "--token", HIDDEN], "nonsense is passed over"
    write_request(path, {"command": ["p"], "env": {}, "plan": {}})
    assert "withheld" not in read_request(path)
