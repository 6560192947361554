"""Types that a file of ours may hold beside those that skops trusts by itself.

skops names every type in a file before it makes one. Whatever is on neither list is refused.
`sklearn.tree._tree.Tree` and the like are trusted for being what our algorithms are made of; forged arrays in
them could crash the process, which is what the hashes of the manifest are for.
"""

from __future__ import annotations

_PREPROCESSING = ("Cardinality", "as_finite", "as_text", "date_names", "date_parts")

TRUSTED: frozenset[str] = frozenset(
    {
        *(f"trainer_tui.training.preprocess.{name}" for name in _PREPROCESSING),
        "collections.OrderedDict",
        "numpy.dtype",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.CompoundKernel",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.DotProduct",
        "sklearn.gaussian_process.kernels.Matern",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "trainer_tui.training.algorithms.processes.GaussianProcess",
        "trainer_tui.training.algorithms.processes.GaussianProcessLabels",
        "trainer_tui.training.algorithms.torch_mlp.TorchMLPClassifier",
        "trainer_tui.training.algorithms.torch_mlp.TorchMLPRegressor",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    }
)
