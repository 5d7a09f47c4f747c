#!/usr/bin/python3
"""Golden values of logistic regression: scikit-learn 1.2.1 and scipy 1.10, of tables that both sides make by the same formula.

Run: /usr/bin/python3 scripts/golden/learn-logistic.py, then npx biome check --write tests/golden/learn
"""
import json
import pathlib
import warnings

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

root = pathlib.Path(__file__).resolve().parents[2]
warnings.simplefilter("ignore", FutureWarning)


def table(rows, columns, classes):
    """Numbers of -1 to 1 in steps of 1/500, and classes that they explain in part."""
    i = np.arange(rows)[:, None]
    j = np.arange(columns)[None, :]
    x = ((i * 7919 + j * 104729 + (i * i % 1009) * (j + 3) * 31) % 1001) / 500 - 1
    steps = np.arange(rows)
    noise = (steps * 613 + steps * steps % 389) % 17 / 8 - 1
    score = x[:, 0] * 1.5 - x[:, 1] + 0.5 * x[:, 2 % columns] + 0.6 * noise
    # The nearer to the middle, the finer: every class has its samples
    y = np.clip(np.floor((score + 1.5) / 3 * classes), 0, classes - 1).astype(int)
    return x, y


def sample_weight(rows):
    return (np.arange(rows) * 37 % 11) / 4


def rounded(a):
    return [float("%.12g" % v) for v in np.asarray(a).ravel()]


def fitted(x, y, weight=None, with_proba=True, **options):
    model = LogisticRegression(**options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, sample_weight=weight)
    texts = [str(w.message).split("\n")[0] for w in caught if issubclass(w.category, ConvergenceWarning)]
    found = {
        "coefficients": rounded(model.coef_),
        "intercept": rounded(model.intercept_),
        "iterations": int(max(model.n_iter_)),
        "warning": texts[0] if texts else None,
        "predictions": "".join(str(v) for v in model.predict(x)),
    }
    if with_proba:
        found["decision"] = rounded(model.decision_function(x[:4]))
        found["proba"] = rounded(model.predict_proba(x[:4]))
    return found


def rosenbrock(x):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[:-1] += -400 * a * x[:-1] - 2 * b
    g[1:] += 200 * a
    return np.sum(100 * a * a + b * b), g


def quartic(x):
    """Flat at its minimum, and steep far from it."""
    k = np.arange(1, len(x) + 1)
    d = x - 1 / k
    return np.sum(k * d**4), 4 * k * d**3


def waves(x):
    """With regions where the second derivative is negative."""
    return np.sum(np.sqrt(1 + x * x) + 0.9 * np.sin(x)), x / np.sqrt(1 + x * x) + 0.9 * np.cos(x)


def along(a):
    """The functions of section 5 of More & Thuente 1994, each with its derivative."""
    b, beta, l = a + 0.004, 0.01, 39
    bent = abs(a - 1) < beta
    hook = (a - 1) ** 2 / (2 * beta) + beta / 2 if bent else abs(a - 1)
    slope = (a - 1) / beta if bent else np.sign(a - 1)
    wave = 2 * (1 - beta) / (l * np.pi) * np.sin(l * np.pi / 2 * a)
    yield -a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2
    yield b**5 - 2 * b**4, 5 * b**4 - 8 * b**3
    yield hook + wave, slope + (1 - beta) * np.cos(l * np.pi / 2 * a)
    for b1, b2 in (0.001, 0.001), (0.01, 0.001), (0.001, 0.01):
        g1, g2 = np.sqrt(1 + b1 * b1) - b1, np.sqrt(1 + b2 * b2) - b2
        r1, r2 = np.sqrt((1 - a) ** 2 + b2 * b2), np.sqrt(a * a + b1 * b1)
        yield g1 * r1 + g2 * r2, g1 * (a - 1) / r1 + g2 * a / r2


def search(which, first):
    """One search: L-BFGS-B begins it at a distance of 1."""
    def f(x):
        value, slope = list(along(first * x[0]))[which]
        return value, np.array([first * slope])
    options = {"gtol": 0, "ftol": 0, "maxls": 50, "maxiter": 1}
    result = minimize(f, [0.0], jac=True, method="L-BFGS-B", options=options)
    return [int(result.nfev), rounded([first * result.x[0]])[0]]


def path(f, start, **more):
    points = []
    options = {"gtol": 1e-8, "ftol": 64 * np.finfo(float).eps, "maxls": 50, **more}
    result = minimize(f, start, jac=True, method="L-BFGS-B", callback=lambda x: points.append(x.copy()), options=options)
    return {
        "start": start,
        "iterations": int(result.nit),
        "evaluations": int(result.nfev),
        "value": float(result.fun),
        "x": rounded(result.x),
        # some points on the way
        "path": {str(i + 1): rounded(points[i]) for i in (0, 1, 2, 4, 9, 19) if i < len(points)},
    }


wine = np.loadtxt(root / "data/wine.csv", delimiter=",", skiprows=1)
wine_x, wine_y = wine[:, :13], wine[:, 13].astype(int)
scaled = StandardScaler().fit_transform(wine_x)
features = PolynomialFeatures(2, include_bias=False).fit_transform(scaled)
exact = {"tol": 1e-10, "max_iter": 10000}
# lbfgs of this version ends where the value changes by 2e-9 of itself, whatever the tolerance is
newton = {"solver": "newton-cg", "tol": 1e-10, "max_iter": 200}
saga = {"solver": "saga", "tol": 1e-12, "max_iter": 100000, "random_state": 0}
binary = table(120, 4, 2)
four = table(200, 5, 4)
three = table(200, 5, 3)
out = {
    "versions": {"sklearn": sklearn.__version__, "scipy": scipy.__version__},
    "lbfgs": {
        "rosenbrock": path(rosenbrock, [-1.2, 1.0, -1.2, 1.0, 0.5]),
        "quartic": path(quartic, [3.0, -2.0, 5.0]),
        "waves": path(waves, [30.0, -7.0, 2.5, 0.1]),
        "short": path(rosenbrock, [-1.2, 1.0], maxcor=3),
    },
    "searches": [[search(which, 10.0**power) for power in (-3, -1, 0, 1, 3)] for which in range(6)],
    "wine": fitted(features, wine_y, with_proba=False, **exact),
    "wineNewton": fitted(features, wine_y, with_proba=False, **newton),
    "wineRaw": fitted(wine_x, wine_y, with_proba=False),
    "wineL1": fitted(scaled, wine_y, penalty="l1", **saga),
    "binary": {
        "defaults": fitted(*binary),
        "lbfgs": fitted(*binary, **exact),
        "exact": fitted(*binary, **newton),
        "noIntercept": fitted(*binary, fit_intercept=False, **newton),
        "C": fitted(*binary, C=0.05, **newton),
        "none": fitted(*binary, penalty=None, **newton),
        "balanced": fitted(*binary, class_weight="balanced", **newton),
        "weights": fitted(*binary, weight=sample_weight(120), **newton),
        "classWeights": fitted(*binary, class_weight={0: 0.5, 1: 3}, weight=sample_weight(120), **newton),
        "multinomial": fitted(*binary, multi_class="multinomial", **newton),
        "multinomialL1": fitted(*binary, multi_class="multinomial", penalty="l1", C=0.3, **saga),
        "l1": fitted(*binary, penalty="l1", C=0.2, **saga),
        "elasticNet": fitted(*binary, penalty="elasticnet", l1_ratio=0.3, C=0.1, **saga),
    },
    "four": {
        "defaults": fitted(*four),
        "lbfgs": fitted(*four, **exact),
        "exact": fitted(*four, **newton),
        "noIntercept": fitted(*four, fit_intercept=False, **newton),
        "none": fitted(*four, penalty=None, **newton),
        "balanced": fitted(*four, class_weight="balanced", **newton),
        "weights": fitted(*four, weight=sample_weight(200), class_weight={0: 2, 1: 1, 2: 0.25, 3: 1}, **newton),
        "ovr": fitted(*four, multi_class="ovr", **newton),
        "ovrBalanced": fitted(*four, multi_class="ovr", class_weight="balanced", **newton),
        "ovrL1": fitted(*four, multi_class="ovr", penalty="l1", C=0.2, **saga),
        "elasticNet": fitted(*four, penalty="elasticnet", l1_ratio=0.5, C=0.15, **saga),
    },
    # Of an even number of classes l1 has no single answer: two of them may exchange what they have of a feature
    "three": {
        "l1": fitted(*three, penalty="l1", C=0.2, **saga),
        "l1Weights": fitted(*three, penalty="l1", C=0.3, weight=sample_weight(200), **saga),
    },
}
text = json.dumps(out, separators=(",", ":"))
(root / "tests/golden/learn").mkdir(parents=True, exist_ok=True)
(root / "tests/golden/learn/logistic.json").write_text(text + "\n")
print(len(text), {k: (v["iterations"], v["warning"]) for part in ("binary", "four", "three") for k, v in out[part].items()})
print(np.bincount(binary[1]), np.bincount(four[1]), out["wineRaw"]["warning"], out["wine"]["warning"])
print(out["searches"])
for name, run in out["lbfgs"].items():
    print(name, run["iterations"], run["evaluations"], run["value"])
