"""Gaussian processes with kernels that suit tables of mean 0 and variance 1; scikit-learn's own default has
one length of 1 and no noise."""

from __future__ import annotations

from typing import Any

from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel


class GaussianProcess(GaussianProcessRegressor):  # type: ignore[misc]
    """A linear trend, smooth deviations from it, and noise; the three are weighted by the likelihood.

    Source: Rasmussen and Williams 2006, ch. 5.
    """

    def __init__(self, random_state: int | None = None) -> None:
        kernel = ConstantKernel(0.1) * DotProduct(1.0) + ConstantKernel(0.5) * RBF(5.0) + WhiteKernel(0.5)
        super().__init__(kernel=kernel, random_state=random_state)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return ["random_state"]


class GaussianProcessLabels(GaussianProcessClassifier):  # type: ignore[misc]
    """Smooth borders, their length and height weighted by the likelihood (Laplace's approximation)."""

    def __init__(self, random_state: int | None = None, n_jobs: int | None = None) -> None:
        super().__init__(kernel=ConstantKernel(10.0) * RBF(5.0), random_state=random_state, n_jobs=n_jobs)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return ["n_jobs", "random_state"]


KERNELS: tuple[Any, ...] = (RBF, ConstantKernel, DotProduct, WhiteKernel)
"""What a fitted one is made of, for those who check what they load."""
