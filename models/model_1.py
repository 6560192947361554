"""Model 1: a large ensemble. Is a breast tumour malignant? A random forest, tuned, then bootstrapped.

Real data: the 569 tumours of the Wisconsin Diagnostic Breast Cancer set (bundled with scikit-learn). A grid
search with cross-validation chooses the forest; refitting it on bootstrap samples then shows how sure
each prediction is. History rows: first one a candidate (the best so far), then one a bootstrap forest, with
the loss of all forests so far on tumours they have not seen. The test set is used once, for the results.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid, StratifiedKFold, train_test_split

from trainer_tui import TrainingRun

GRID = ParameterGrid({"max_features": [2, 5, 10], "min_samples_leaf": [1, 3, 8]})
TREES = 200
BOOTSTRAPS = 240


def forest(run: TrainingRun, **parameters: int) -> RandomForestClassifier:
    return RandomForestClassifier(run.estimators(TREES), random_state=run.seed, **parameters)


def loss(y: np.ndarray, benign: np.ndarray) -> float:
    """Log loss; no forest of a few hundred trees is surer than 1 in 1000."""
    return log_loss(y, np.clip(benign, 1e-3, 1 - 1e-3), labels=[0, 1])


def accuracy(y: np.ndarray, benign: np.ndarray) -> float:
    return float(np.mean((benign > 0.5) == y))


def search(run: TrainingRun, X: np.ndarray, y: np.ndarray, steps: int) -> dict[str, int]:
    """The parameters with the lowest cross-validated loss."""
    best, best_row = {}, {"val_loss": np.inf}
    for number, candidate in enumerate(GRID, 1):
        scores = []
        for train, val in StratifiedKFold(5, shuffle=True, random_state=run.seed).split(X, y):
            benign = forest(run, **candidate).fit(X[train], y[train]).predict_proba(X)[:, 1]
            losses = loss(y[train], benign[train]), loss(y[val], benign[val])
            scores.append([*losses, accuracy(y[val], benign[val])])
        row = dict(zip(["train_loss", "val_loss", "accuracy"], np.mean(scores, axis=0), strict=True))
        if row["val_loss"] < best_row["val_loss"]:
            best, best_row = candidate, row
        run.log(epoch=number, **best_row)
        run.progress(number, steps, step_name="forest")
        print(f"candidate {number}  val {row['val_loss']:.4f}  best {best_row['val_loss']:.4f}  {candidate}")
    return best


def main() -> None:
    with TrainingRun.current() as run:
        X, y = load_breast_cancer(return_X_y=True)
        X, y = run.subset(X, y, stratify=y)
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=run.seed)
        bootstraps = run.iterations(BOOTSTRAPS)
        steps = len(GRID) + bootstraps
        best = search(run, X, y, steps)

        random = np.random.default_rng(run.seed)
        seen, unseen = np.zeros((2, len(y))), np.zeros((2, len(y)))  # sums of predictions, how many
        tests = []
        for number in range(len(GRID) + 1, steps + 1):
            drawn = random.choice(len(y), len(y))
            model = forest(run, **best).fit(X[drawn], y[drawn])
            benign, in_bag = model.predict_proba(X)[:, 1], np.isin(np.arange(len(y)), drawn)
            seen += in_bag * [benign, np.ones(len(y))]
            unseen += ~in_bag * [benign, np.ones(len(y))]
            tests.append(model.predict_proba(X_test)[:, 1])
            train, val = (sums[1] > 0 for sums in (seen, unseen))
            train_loss = loss(y[train], seen[0, train] / seen[1, train])
            val_benign = unseen[0, val] / unseen[1, val]
            val_loss, right = loss(y[val], val_benign), accuracy(y[val], val_benign)
            run.log(epoch=number, train_loss=train_loss, val_loss=val_loss, accuracy=right)
            run.progress(number, steps, step_name="forest")
            print(f"forest {number}  train {train_loss:.4f}  val {val_loss:.4f}  accuracy {right:.3f}")

        low, middle, high = np.quantile(tests, [0.05, 0.5, 0.95], axis=0)
        columns = {"benign": y_test, "p_benign": middle, "p_low": low, "p_high": high}
        run.save_results([{name: column[i] for name, column in columns.items()} for i in range(len(y_test))])
        run.save_model(forest(run, **best).fit(X, y))
        print(f"test  loss {loss(y_test, middle):.4f}  accuracy {accuracy(y_test, middle):.3f}")


if __name__ == "__main__":
    main()
