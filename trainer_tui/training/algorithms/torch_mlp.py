"""A multilayer perceptron: trained by PyTorch, kept and applied as plain arrays, so that no code has to be
unpickled.

Source: AdamW, Loshchilov and Hutter 2019; early stopping on an inner split, Prechelt 1998.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

INNER = 0.15
"""Share of the train rows that early stopping looks at."""
FEWEST_INNER = 10
"""Rows below which there is no inner split and all epochs are trained."""

Floats = npt.NDArray[np.float32]


class _TorchMLP(BaseEstimator):  # type: ignore[misc]
    """Linear, ReLU, dropout, `layers` times, and a linear output."""

    def __init__(
        self,
        layers: int = 2,
        units: int = 64,
        dropout: float = 0.1,
        learning_rate: float = 0.003,
        weight_decay: float = 0.01,
        batch_size: int = 64,
        epochs: int = 150,
        patience: int = 20,
        random_state: int = 0,
        threads: int = 1,
    ) -> None:
        self.layers = layers
        self.units = units
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.random_state = random_state
        self.threads = threads

    def _train(self, X: Any, target: Any, strata: Any, outputs: int, watch: Any) -> None:
        """Sets `weights_` and `biases_`: for each layer (in, out) and (out,), float32; those of the best
        epoch."""
        import torch

        X = np.ascontiguousarray(X, dtype=np.float32)
        self.n_features_in_ = X.shape[1]
        inner = _inner(len(X), strata, self.random_state)
        kept = np.setdiff1d(np.arange(len(X)), inner)
        before = torch.get_num_threads()
        torch.set_num_threads(self.threads)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(self.random_state)
                self._epochs(
                    torch, torch.from_numpy(X), torch.from_numpy(target), kept, inner, outputs, watch
                )
        finally:
            torch.set_num_threads(before)

    def _epochs(
        self, torch: Any, X: Any, target: Any, kept: Any, inner: Any, outputs: int, watch: Any
    ) -> None:
        sizes = [X.shape[1], *[int(self.units)] * int(self.layers)]
        body: list[Any] = []
        for a, b in pairwise(sizes):
            body += [torch.nn.Linear(a, b), torch.nn.ReLU(), torch.nn.Dropout(self.dropout)]
        net = torch.nn.Sequential(*body, torch.nn.Linear(sizes[-1], outputs))
        steps = torch.optim.AdamW(net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay)
        loss_of = (
            torch.nn.functional.cross_entropy if target.dtype == torch.int64 else torch.nn.functional.mse_loss
        )
        best, since = float("inf"), 0
        self.epochs_ = 0
        for epoch in range(1, int(self.epochs) + 1):
            net.train()
            order = torch.from_numpy(kept)[torch.randperm(len(kept))]
            for rows in order.split(int(self.batch_size)):
                steps.zero_grad()
                loss_of(net(X[rows]), target[rows]).backward()
                steps.step()
            net.eval()
            if len(inner):
                with torch.no_grad():
                    loss = float(loss_of(net(X[inner]), target[inner]))
                since = 0 if loss < best else since + 1
            if not len(inner) or since == 0:
                best = loss if len(inner) else best
                self.epochs_ = epoch
                self._keep(net)
            if watch is not None:
                watch(epoch, self._probabilities_or_values)
            if since >= self.patience:
                break
        if not self.epochs_:
            raise ValueError("the loss was never finite")

    def _keep(self, net: Any) -> None:
        linear = [layer for layer in net if hasattr(layer, "weight")]
        self.weights_ = [layer.weight.detach().numpy().T.copy() for layer in linear]
        self.biases_ = [layer.bias.detach().numpy().copy() for layer in linear]

    def _forward(self, X: Any) -> Floats:
        """(n, p) → (n, outputs)."""
        values: Floats = np.asarray(X, dtype=np.float32)
        for k, (weights, biases) in enumerate(zip(self.weights_, self.biases_, strict=True)):
            values = values @ weights + biases
            if k < len(self.weights_) - 1:
                values = np.maximum(values, 0.0)
        return values

    def _probabilities_or_values(self, X: Any) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The fitted state as named arrays, for safetensors."""
        named = {f"weight_{k}": w for k, w in enumerate(self.weights_)} | {
            f"bias_{k}": b for k, b in enumerate(self.biases_)
        }
        return named | {name: np.atleast_1d(np.asarray(getattr(self, name))) for name in self._extra}

    def with_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> Any:
        """Takes that state back; returns the estimator, fitted."""
        count = sum(name.startswith("weight_") for name in arrays)
        self.weights_ = [arrays[f"weight_{k}"] for k in range(count)]
        self.biases_ = [arrays[f"bias_{k}"] for k in range(count)]
        self.n_features_in_ = self.weights_[0].shape[0]
        for name in self._extra:
            value = arrays[name]
            setattr(self, name, value if name == "classes_" else float(value[0]))
        return self

    _extra: tuple[str, ...] = ()


class TorchMLPClassifier(ClassifierMixin, _TorchMLP):  # type: ignore[misc]
    """Softmax over the classes of train."""

    _extra = ("classes_",)

    def fit(self, X: Any, y: Any, watch: Callable[[int, Any], None] | None = None) -> TorchMLPClassifier:
        """X: (n, p) of mean 0 and variance 1; y: (n,) labels. watch: gets epoch and `predict_proba`."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self._train(X, codes.astype(np.int64), codes, len(self.classes_), watch)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """(n, p) → (n, k)."""
        logits = self._forward(X).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """(n, p) → (n,) labels."""
        return np.asarray(self.classes_[self._forward(X).argmax(axis=1)])

    _probabilities_or_values = predict_proba


class TorchMLPRegressor(RegressorMixin, _TorchMLP):  # type: ignore[misc]
    """Squared error; the target is brought to mean 0 and variance 1 inside."""

    _extra = ("mean_", "scale_")

    def fit(self, X: Any, y: Any, watch: Callable[[int, Any], None] | None = None) -> TorchMLPRegressor:
        """X: (n, p) of mean 0 and variance 1; y: (n,). watch: called with epoch and `predict`."""
        y = np.asarray(y, dtype=np.float64)
        self.mean_, self.scale_ = float(y.mean()), float(y.std()) or 1.0
        target = ((y - self.mean_) / self.scale_).astype(np.float32)[:, None]
        self._train(X, target, None, 1, watch)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """(n, p) → (n,) in the target's unit."""
        return np.asarray(self._forward(X)[:, 0].astype(np.float64) * self.scale_ + self.mean_)

    _probabilities_or_values = predict


def _inner(rows: int, strata: Any, seed: int) -> npt.NDArray[np.intp]:
    """Positions of the inner rows, every class by its share (at least one of it stays); empty where they are
    too few."""
    if rows * INNER < FEWEST_INNER:
        return np.empty(0, dtype=np.intp)
    rng = np.random.default_rng(seed)
    groups = [np.arange(rows)] if strata is None else [np.flatnonzero(strata == k) for k in np.unique(strata)]
    found = [rng.permutation(group)[: min(round(len(group) * INNER), len(group) - 1)] for group in groups]
    return np.sort(np.concatenate(found))
