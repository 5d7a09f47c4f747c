"""Writes tests/golden/learn/features.json: polynomial features of scikit-learn 1.2.1.

python3 scripts/golden/learn-features.py
"""
import json

import numpy as np
from sklearn.preprocessing import PolynomialFeatures


def samples(rows, columns):
    """The samples of tests/learn/polynomial-features.test.ts: sevenths, which are rounded."""
    return np.array([[((i * columns + j) * 13 % 29 - 11) / 7 for j in range(columns)] for i in range(rows)])


cases = []
for columns, degree, interaction, bias in [
    (2, 2, False, True),
    (3, 3, False, True),
    (3, 3, True, True),
    (3, 2, False, False),
    (1, 5, False, True),
    (4, 0, False, True),
    (3, (2, 3), False, False),
    (3, (2, 3), False, True),
    (4, (2, 4), True, False),
    (2, (3, 4), True, True),
    (3, (0, 2), False, True),
    (3, (1, 2), False, False),
]:
    made = PolynomialFeatures(degree, interaction_only=interaction, include_bias=bias)
    x = samples(3, columns)
    y = made.fit_transform(x)
    cases.append(
        {
            "columns": columns,
            "degree": degree,
            "interactionOnly": interaction,
            "includeBias": bias,
            "names": list(made.get_feature_names_out()),
            "powers": made.powers_.tolist(),
            "values": y.tolist(),
        }
    )
with open("tests/golden/learn/features.json", "w") as file:
    json.dump({"samples": samples(3, 2).tolist(), "cases": cases}, file)
