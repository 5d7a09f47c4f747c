"""Writes tests/golden/learn/pipeline.json: pipelines of scikit-learn 1.2.1 on data/wine.csv.

python3 scripts/golden/learn-pipeline.py
"""
import json

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

table = np.loadtxt("data/wine.csv", delimiter=",", skiprows=1)
x = table[:, :-1]
classes = table[:, -1].astype(int)
shown = slice(None, None, 9)


def logistic(scaler, x, y):
    pipe = make_pipeline(scaler, LogisticRegression(C=0.5, tol=1e-8, max_iter=1000)).fit(x, y)
    last = pipe[-1]
    return {
        "coefficients": last.coef_.tolist(),
        "intercept": last.intercept_.tolist(),
        "classes": last.classes_.tolist(),
        "probabilities": pipe.predict_proba(x[shown]).tolist(),
        "score": pipe.score(x, y),
    }


# Alcohol of the first three other columns, by squares and products
regression = make_pipeline(
    StandardScaler(), PolynomialFeatures(2, include_bias=False), MinMaxScaler((-1, 2)), LinearRegression()
)
regression.fit(x[:, 1:4], x[:, 0])
two = classes < 2
golden = {
    "regression": {
        "coefficients": regression[-1].coef_.tolist(),
        "intercept": regression[-1].intercept_,
        "predicted": regression.predict(x[shown, 1:4]).tolist(),
        "score": regression.score(x[:, 1:4], x[:, 0]),
        "names": regression[:-1].get_feature_names_out().tolist(),
    },
    "three": logistic(StandardScaler(), x, classes),
    "two": logistic(MinMaxScaler(), x[two], classes[two]),
}
with open("tests/golden/learn/pipeline.json", "w") as file:
    json.dump(golden, file)
