"""Writes tests/golden/learn/dummies.json: what scikit-learn 1.2.1 predicts without a look at the features.

python3 scripts/golden/learn-dummies.py
"""
import json

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

ROWS = 23
x = np.zeros((ROWS, 1))
numbers = np.array([(i * 17 % 23 - 7) / 3 for i in range(ROWS)])
pairs = np.stack([numbers, numbers[::-1] * numbers], axis=1)
ties = np.array([float(i * 5 % 4) for i in range(ROWS)])
weights = np.array([float(i * 7 % 5) / 2 for i in range(ROWS)])
first = np.array([float(i == 4) for i in range(ROWS)])
targets = {"numbers": numbers, "pairs": pairs, "ties": ties}
given = {"none": None, "weights": weights, "first": first}

regressors = []
for strategy, quantile in [("mean", None), ("median", None)] + [
    ("quantile", q) for q in [0, 0.07, 0.1, 0.25, 0.29, 0.5, 0.58, 0.75, 0.9, 1]
]:
    for target, y in targets.items():
        for weight, w in given.items():
            made = DummyRegressor(strategy=strategy, quantile=quantile).fit(x, y, w)
            row = {"strategy": strategy, "target": target, "weights": weight}
            if quantile is not None:
                row["quantile"] = quantile
            row["predicted"] = np.atleast_1d(made.predict(x[:1])[0]).tolist()
            row["score"] = made.score(x, y, w) if weight != "first" else None
            regressors.append(row)

labels = np.array(["abca"[i * 3 % 4] if i % 5 else "d" for i in range(ROWS)])
classifiers = []
for strategy, constant in [("prior", None), ("most_frequent", None), ("uniform", None), ("constant", "c")]:
    for weight, w in given.items():
        made = DummyClassifier(strategy=strategy, constant=constant, random_state=0).fit(x, labels, w)
        row = {"strategy": {"most_frequent": "mostFrequent"}.get(strategy, strategy), "weights": weight}
        if constant is not None:
            row["constant"] = constant
        row["classes"] = made.classes_.tolist()
        row["prior"] = made.class_prior_.tolist()
        row["probabilities"] = made.predict_proba(x[:1])[0].tolist()
        if strategy != "uniform":
            row["predicted"] = str(made.predict(x[:1])[0])
            row["score"] = made.score(x, labels, w)
        classifiers.append(row)

# Quantiles of 0 to n - 1, each of weight 1, where the share of the weights is met by rounding or missed by it
rounded = []
for n in range(2, 40):
    for quantile in [i / 9 for i in range(1, 9)] + [i / 60 for i in range(1, 60)]:
        cumulative = np.arange(1.0, n + 1)
        plain = np.searchsorted(cumulative, quantile * n)
        y = np.arange(float(n))
        made = DummyRegressor(strategy="quantile", quantile=quantile).fit(np.zeros((n, 1)), y, np.ones(n))
        if made.constant_[0, 0] != plain:
            rounded.append([n, quantile, made.constant_[0, 0]])

with open("tests/golden/learn/dummies.json", "w") as file:
    json.dump(
        {
            "targets": {name: y.tolist() for name, y in targets.items()},
            "weights": {"weights": weights.tolist(), "first": first.tolist()},
            "labels": labels.tolist(),
            "regressors": regressors,
            "classifiers": classifiers,
            "rounded": rounded,
        },
        file,
    )
