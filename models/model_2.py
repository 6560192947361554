"""Model 2: a Bayesian model, sampled by MCMC with several chains. How does diabetes progress in a year?

Real data: 442 patients, ten measurements each (bundled with scikit-learn). Linear regression with Student-t
noise (a few patients progress quite unlike the others) and weak priors. Each chain is an ensemble of walkers
that starts elsewhere; R-hat compares the chains, and below 1.05 they agree.
"""

import emcee
import numpy as np
from arviz_stats.base import array_stats
from scipy.special import logsumexp
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from trainer_tui import TrainingRun

CHAINS = 4
ITERATIONS = 70_000
KEEP_EVERY = 10  # neighbouring draws are nearly the same; keeping all would take gigabytes
BLOCKS = 100  # rows of the history
WALKERS = 36
FREEDOM = 5.0  # degrees of freedom of the noise


def log_likelihood(theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Log density of each patient (columns) under each walker (rows), up to a constant."""
    scale = np.exp(theta[:, -1:])
    z = (y - theta[:, :1] - theta[:, 1:-1] @ X.T) / scale
    return -0.5 * (FREEDOM + 1) * np.log1p(z * z / FREEDOM) - np.log(scale)


def log_posterior(theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """All is standardised, so a normal prior of width 0.3 says: no one measurement explains it all."""
    return log_likelihood(theta, X, y).sum(axis=1) - 0.5 * ((theta / 0.3) ** 2).sum(axis=1)


def loss(theta: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Minus the mean log density that all walkers together predict for a patient."""
    return -float(np.mean(logsumexp(log_likelihood(theta, X, y), axis=0) - np.log(len(theta))))


def main() -> None:
    with TrainingRun.current() as run:
        data = load_diabetes(scaled=False)
        X, y = run.subset(data.data, data.target)
        X, X_val, y, y_val = train_test_split(X, y, test_size=0.2, random_state=run.seed)
        # Standardised by the training rows alone: validation must not tell the model its scale.
        center, scale = X.mean(axis=0), X.std(axis=0)
        X, X_val = (X - center) / scale, (X_val - center) / scale
        center, scale = y.mean(), y.std()
        y, y_val = (y - center) / scale, (y_val - center) / scale

        names = ["intercept", *data.feature_names, "log_noise"]
        random = np.random.default_rng(run.seed)
        samplers, states = [], []
        for _ in range(run.chains(CHAINS)):
            sampler = emcee.EnsembleSampler(WALKERS, len(names), log_posterior, args=(X, y), vectorize=True)
            sampler.random_state = np.random.RandomState(random.integers(2**32)).get_state()
            samplers.append(sampler)
            states.append(random.normal(0, 0.5, (WALKERS, len(names))))  # overdispersed on purpose

        block = max(1, run.iterations(ITERATIONS) // BLOCKS // KEEP_EVERY)  # kept draws a row
        for number in range(1, BLOCKS + 1):
            for i, sampler in enumerate(samplers):
                states[i] = sampler.run_mcmc(states[i], block, thin_by=KEEP_EVERY)
            done = number * block
            # About 100 draws of each walker from the later half: (chains, draws × walkers, parameters).
            thin = max(1, done // 200)
            chains = np.stack([s.get_chain(discard=done // 2, thin=thin, flat=True) for s in samplers])
            rhat = float(np.max(array_stats.rhat(chains, chain_axis=0, draw_axis=1)))
            newest = np.concatenate([state.coords for state in states])
            train, val = loss(newest, X, y), loss(newest, X_val, y_val)
            sampling = {
                "rhat": rhat,
                "log_probability": np.mean([state.log_prob for state in states]),
                "acceptance": np.mean([s.acceptance_fraction for s in samplers]),
            }
            run.log(epoch=number, train_loss=train, val_loss=val, **sampling)
            run.progress(number, BLOCKS, step_name="block")
            print(f"block {number}  train {train:.4f}  val {val:.4f}  rhat {rhat:.4f}")

        rhats = array_stats.rhat(chains, chain_axis=0, draw_axis=1)
        draws = chains.reshape(-1, len(names))
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        columns = {
            "mean": draws.mean(axis=0),
            "sd": draws.std(axis=0),
            "low": low,
            "high": high,
            "rhat": rhats,
        }
        run.save_results(
            [{"parameter": n, **{c: v[i] for c, v in columns.items()}} for i, n in enumerate(names)]
        )
        run.save_model({"names": names, "draws": draws[:: len(draws) // 2000 or 1]})


if __name__ == "__main__":
    main()
