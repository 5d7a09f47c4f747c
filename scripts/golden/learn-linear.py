"""Linear models as scikit-learn 1.2.1 fits them: /usr/bin/python3 scripts/golden/learn-linear.py

Writes tests/golden/learn/linear.json. Inputs come of a formula that tests/learn/linear-inputs.ts computes too, to the bit, and
of data/wine.csv.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge, lasso_path

ROOT = Path(__file__).resolve().parents[2]


def numbers(seed, count):
    """From -1 to 1 (Lehmer's generator: Park and Miller 1988, with the multiplier 48271)."""
    state = seed
    values = []
    for _ in range(count):
        state = (state * 48271) % 2147483647
        values.append(state / 2147483647 * 2 - 1)
    return np.array(values)


def inputs(kind):
    """x, y and weights of a case; each operation rounds as in the tests."""
    n, d = {"wide": (8, 20), "long": (600, 6)}.get(kind, (40, 6))
    x = numbers(7, n * d).reshape(n, d)
    noise = numbers(11, n)
    if kind == "moved":
        x = x * np.array([1, 100, 0.01, 10000, 1, 3]) + np.array([0, 5000, 1, -20000, 100, 7])
    if kind == "collinear":
        x[:, 3] = x[:, 0] + x[:, 1]
        x[:, 4] = 2 * x[:, 2]
    if kind == "constant":
        x[:, 2] = 3
        x[:, 4] = 0.1
    if kind == "ill":
        x[:, 5] = x[:, 0] + x[:, 5] * 1e-5
    if kind == "wine":
        table = np.loadtxt(ROOT / "data/wine.csv", delimiter=",", skiprows=1)
        return table[:, :12], table[:, 12], None
    y = 3 * x[:, 0] - 2 * x[:, 1] + 0.5 * x[:, 4] + 0.3 * noise + 4
    weights = None
    if kind == "weighted":
        weights = numbers(13, n) + 1
        weights[3] = 0
    if kind == "outputs":
        y = np.stack([y, x[:, 2] - 100 * noise, 0.001 * x[:, 5] + 0.001 * noise], axis=1)
    return x, y, weights


KINDS = ["plain", "moved", "collinear", "constant", "ill", "wide", "long", "weighted", "outputs", "wine"]
MODELS = {
    "LinearRegression": [{}, {"fit_intercept": False}],
    "Ridge": [{}, {"alpha": 0.01, "fit_intercept": False}, {"alpha": 100.0}],
    "Lasso": [
        {"alpha": 0.05, "tol": 1e-10, "max_iter": 1000000},
        {"alpha": 0.3, "tol": 1e-10, "max_iter": 1000000, "fit_intercept": False},
        {"alpha": 0.02, "tol": 1e-10, "max_iter": 1000000, "positive": True},
        {"alpha": 0.1},
    ],
    "ElasticNet": [
        {"alpha": 0.1, "tol": 1e-10, "max_iter": 1000000},
        {"alpha": 0.02, "l1_ratio": 0.9, "tol": 1e-10, "max_iter": 1000000, "fit_intercept": False},
    ],
}
CLASSES = {each.__name__: each for each in (LinearRegression, Ridge, Lasso, ElasticNet)}


def least_norm(x, y, weights, fit_intercept):
    """By numpy's pseudo-inverse with a cut-off far above rounding and far below the smallest true singular value."""
    w = np.ones(len(x)) if weights is None else weights
    means = (np.average(x, axis=0, weights=w), np.average(y, axis=0, weights=w)) if fit_intercept else (0, 0)
    root = np.sqrt(w)[:, None]
    return (np.linalg.pinv((x - means[0]) * root, rcond=1e-11) @ ((y - means[1]).reshape(len(x), -1) * root)).T


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def listed(value):
    return np.asarray(value).tolist()


def fits():
    for kind in KINDS:
        x, y, weights = inputs(kind)
        for name, settings in MODELS.items():
            for options in settings:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    model = CLASSES[name](**options).fit(x, y, sample_weight=weights)
                case = {
                    "kind": kind,
                    "model": name,
                    "options": {camel(key): value for key, value in options.items()},
                    "coefficients": listed(model.coef_),
                    "intercept": listed(model.intercept_),
                    "score": model.score(x, y, sample_weight=weights),
                }
                if name == "LinearRegression":
                    expected = least_norm(x, y, weights, model.fit_intercept).reshape(model.coef_.shape)
                    far = np.abs(model.coef_ - expected).max() / np.abs(expected).max()
                    if far > 1e-7:
                        # scikit-learn 1.2 takes rounding for a direction here; see leastNorm in src/learn/linear-algebra.ts.
                        print(f"{kind} {options}: scikit-learn is {far:.1e} from the least norm, {np.abs(model.coef_).max():.1e}")
                        intercept = y.mean(axis=0) - x.mean(axis=0) @ expected if model.fit_intercept else 0.0
                        case |= {"coefficients": listed(expected), "intercept": listed(intercept), "by": "numpy.linalg.pinv"}
                if name in ("Lasso", "ElasticNet"):
                    case |= {"iterations": listed(model.n_iter_), "dualGap": listed(model.dual_gap_), "warned": len(caught) > 0}
                yield case


def paths():
    for kind in ("plain", "wide"):
        x, y, _ = inputs(kind)
        alphas, coefficients, gaps = lasso_path(x - x.mean(axis=0), y - y.mean(), n_alphas=6, eps=0.01, tol=1e-10, max_iter=100000)
        yield {"kind": kind, "alphas": listed(alphas), "coefficients": listed(coefficients)}


if __name__ == "__main__":
    x, y, weights = inputs("outputs")
    each = Ridge(alpha=np.array([0.1, 1.0, 50.0])).fit(x, y)
    golden = {
        "sklearn": sklearn.__version__,
        "fits": list(fits()),
        "paths": list(paths()),
        "ridgeForEach": {"alpha": [0.1, 1, 50], "coefficients": listed(each.coef_), "intercept": listed(each.intercept_)},
    }
    out = ROOT / "tests/golden/learn/linear.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{out}: {out.stat().st_size} bytes")
