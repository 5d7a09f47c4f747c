"""Writes tests/golden/learn/selection.json: cross-validation, curves, searches and metrics as scikit-learn 1.2.1 has them."""
import json
import os
import warnings

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import (
    GridSearchCV, KFold, LeaveOneOut, TimeSeriesSplit, cross_val_predict, cross_val_score, learning_curve, validation_curve,
)

warnings.simplefilter("ignore")
assert sklearn.__version__ == "1.2.1", sklearn.__version__


def noise(i, j):
    """From 0 to 1, of integers below 2**53: the same bits in JavaScript."""
    return ((i * 7919 + j * 104729 + i * i * 31 * (j + 1)) % 1009) / 1009


N = 97
X = np.array([[noise(i, j) for j in range(4)] for i in range(N)])
NUMBERS = np.array([3 * x[0] - 2 * x[1] + x[2] * x[3] + noise(i, 9) for i, x in enumerate(X)])
TWO = np.array([int(x[0] + x[1] + noise(i, 7) > 1.4) for i, x in enumerate(X)])
THREE = np.array([int(min(2, 3 * (x[0] + x[1] + noise(i, 8)) // 3)) for i, x in enumerate(X)])
WEIGHTS = np.array([1 + i % 3 for i in range(N)], dtype=float)


class NearestMean(ClassifierMixin, BaseEstimator):
    def fit(self, x, y, sample_weight=None):
        self.classes_ = np.unique(y)
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.means_ = np.array([np.average(x[y == c], axis=0, weights=weights[y == c]) for c in self.classes_])
        return self

    def predict_proba(self, x):
        near = 1 / (0.01 + ((x[:, None, :] - self.means_) ** 2).sum(-1))
        return near / near.sum(1, keepdims=True)

    def predict(self, x):
        return self.classes_[self.predict_proba(x).argmax(1)]


class Ridge(RegressorMixin, BaseEstimator):
    def __init__(self, alpha=1.0, power=1):
        self.alpha = alpha
        self.power = power

    def design(self, x):
        return np.hstack([np.ones((len(x), 1))] + [x ** p for p in range(1, self.power + 1)])

    def fit(self, x, y, sample_weight=None):
        a = self.design(x)
        w = np.ones(len(x)) if sample_weight is None else sample_weight
        self.coef_ = np.linalg.solve(a.T @ (a * w[:, None]) + self.alpha * np.eye(a.shape[1]), a.T @ (w * y))
        return self

    def predict(self, x):
        return self.design(x) @ self.coef_


NAMES = {
    "two": {
        "accuracy": "accuracy", "balancedAccuracy": "balanced_accuracy", "precision": "precision", "recall": "recall",
        "f1": "f1", "rocAuc": "roc_auc", "averagePrecision": "average_precision", "negLogLoss": "neg_log_loss",
        "negBrierScore": "neg_brier_score",
    },
    "three": {
        "accuracy": "accuracy", "balancedAccuracy": "balanced_accuracy", "precisionMacro": "precision_macro",
        "precisionWeighted": "precision_weighted", "recallMacro": "recall_macro", "recallWeighted": "recall_weighted",
        "f1Macro": "f1_macro", "f1Weighted": "f1_weighted", "rocAucOvr": "roc_auc_ovr",
        "rocAucOvrWeighted": "roc_auc_ovr_weighted", "rocAucOvo": "roc_auc_ovo",
        "rocAucOvoWeighted": "roc_auc_ovo_weighted", "negLogLoss": "neg_log_loss",
    },
    "numbers": {
        "r2": "r2", "explainedVariance": "explained_variance", "negMeanSquaredError": "neg_mean_squared_error",
        "negRootMeanSquaredError": "neg_root_mean_squared_error", "negMeanAbsoluteError": "neg_mean_absolute_error",
        "negMedianAbsoluteError": "neg_median_absolute_error", "negMaxError": "max_error",
    },
}


def scores(estimator, y, names):
    return {ours: list(cross_val_score(estimator, X, y, scoring=theirs)) for ours, theirs in names.items()}


def curve(sizes, train, test):
    return {"at": [float(v) for v in sizes], "train": train.tolist(), "test": test.tolist()}


grid = GridSearchCV(Ridge(), {"power": [1, 2], "alpha": [0.01, 0.01, 1, 100]}, cv=4, scoring="neg_mean_squared_error")
grid.fit(X, NUMBERS)
found = grid.cv_results_

result = {
    "scores": {
        "two": scores(NearestMean(), TWO, NAMES["two"]),
        "three": scores(NearestMean(), THREE, NAMES["three"]),
        "numbers": scores(Ridge(), NUMBERS, NAMES["numbers"]),
    },
    "weighted": {
        "three": list(cross_val_score(NearestMean(), X, THREE, scoring="neg_log_loss", fit_params={"sample_weight": WEIGHTS})),
        "numbers": list(cross_val_score(Ridge(), X, NUMBERS, fit_params={"sample_weight": WEIGHTS})),
    },
    "kFold": list(cross_val_score(NearestMean(), X, THREE, cv=KFold(7))),
    "leaveOneOut": float(np.mean(cross_val_score(Ridge(), X, NUMBERS, cv=LeaveOneOut(), scoring="neg_mean_squared_error"))),
    "predicted": {
        "numbers": cross_val_predict(Ridge(), X, NUMBERS, cv=3).tolist(),
        "three": cross_val_predict(NearestMean(), X, THREE, cv=3).tolist(),
        "chances": cross_val_predict(NearestMean(), X, THREE, cv=3, method="predict_proba").tolist(),
    },
    "learning": curve(*learning_curve(Ridge(), X, NUMBERS, train_sizes=[0.1, 0.33, 0.55, 0.78, 1.0])),
    "learningCounts": curve(*learning_curve(NearestMean(), X, THREE, train_sizes=[20, 40, 40, 60], cv=3)),
    "validation": curve([0.01, 1, 100], *validation_curve(Ridge(), X, NUMBERS, param_name="alpha", param_range=[0.01, 1, 100])),
    "grid": {
        "options": found["params"],
        "means": found["mean_test_score"].tolist(),
        "deviations": found["std_test_score"].tolist(),
        "ranks": found["rank_test_score"].tolist(),
        "best": grid.best_params_,
        "bestScore": grid.best_score_,
        "coefficients": grid.best_estimator_.coef_.tolist(),
    },
    "time": [
        {
            "n": n, "options": options,
            "splits": [[train.tolist(), test.tolist()] for train, test in TimeSeriesSplit(
                options["folds"], max_train_size=options.get("maxTrainSize"), test_size=options.get("testSize"),
                gap=options.get("gap", 0)).split(np.zeros(n))],
        }
        for n, options in [
            (13, {"folds": 5}), (12, {"folds": 3, "testSize": 2}), (17, {"folds": 4, "maxTrainSize": 5, "gap": 1}),
            (9, {"folds": 2, "testSize": 3, "gap": 2, "maxTrainSize": 1}),
        ]
    ],
}


def figures(truth, guess, **more):
    p, r, f, s = metrics.precision_recall_fscore_support(truth, guess, zero_division=0, **more)
    return {
        "each": [list(map(float, row)) for row in zip(p, r, f, s)],
        "means": {
            a: list(map(float, metrics.precision_recall_fscore_support(truth, guess, average=a, zero_division=0, **more)[:3]))
            for a in ["micro", "macro", "weighted"]
        },
        "confusion": metrics.confusion_matrix(truth, guess, **more).tolist(),
    }


def agreement(truth, guess):
    return {
        "truth": list(truth), "guess": list(guess),
        "accuracy": metrics.accuracy_score(truth, guess),
        "balanced": metrics.balanced_accuracy_score(truth, guess),
        "matthews": metrics.matthews_corrcoef(truth, guess),
        "kappa": [metrics.cohen_kappa_score(truth, guess, weights=w) for w in [None, "linear", "quadratic"]],
        **figures(truth, guess),
    }


words = ["bird", "cat", "dog", "elk"]
m = 60
truth = [words[(i * i + i // 4) % 3] for i in range(m)]
guess = [words[((i * i + i // 4) % 3 + (1 + i % 3 if i % 4 == 0 else 0)) % 4] for i in range(m)]
yes = [int((i * 5 + i * i) % 7 < 3) for i in range(m)]
tied = [((i * 13 + i * i * 3 + 11 * yes[i]) % 17) / 16 for i in range(m)]
codes = [(i * i + i // 4) % 3 for i in range(m)]
raw = np.array([[1 + noise(i, j) + (0.4 if codes[i] == j else 0) for j in range(3)] for i in range(m)])
shares = raw / raw.sum(1, keepdims=True)
fpr, tpr, at = metrics.roc_curve(yes, tied)
all_fpr, all_tpr, _ = metrics.roc_curve(yes, tied, drop_intermediate=False)
apart = [(i * 37 % 61 + 40 * yes[i]) / 128 + i / 4096 for i in range(m)]
apart_fpr, apart_tpr, apart_at = metrics.roc_curve(yes, apart)
precision, recall, thresholds = metrics.precision_recall_curve(yes, tied)
meant = [[noise(i, 1) * 4, noise(i, 2) - 0.5] for i in range(31)]
said = [[a + noise(i, 3) - 0.4, b + noise(i, 4) * noise(i, 5)] for i, (a, b) in enumerate(meant)]
one = [row[0] for row in meant]
other = [row[0] for row in said]


def deviations(t, p):
    return {
        "truth": t, "guess": p, "r2": metrics.r2_score(t, p), "explainedVariance": metrics.explained_variance_score(t, p),
        "mse": metrics.mean_squared_error(t, p), "rmse": metrics.mean_squared_error(t, p, squared=False),
        "mae": metrics.mean_absolute_error(t, p), "median": metrics.median_absolute_error(t, p),
    }


result["metrics"] = {
    "words": agreement(truth, guess),
    "subset": figures(truth, guess, labels=["dog", "elk", "cat"]),
    "pair": agreement(yes, [int(s > 0.5) for s in tied]),
    "binary": list(map(float, metrics.precision_recall_fscore_support(yes, [int(s > 0.5) for s in tied], average="binary")[:3])),
    "ranking": {
        "truth": yes, "scores": tied, "auc": metrics.roc_auc_score(yes, tied),
        "averagePrecision": metrics.average_precision_score(yes, tied),
        "brier": metrics.brier_score_loss(yes, tied), "logLoss": metrics.log_loss(yes, tied),
        "fpr": fpr.tolist(), "tpr": tpr.tolist(), "thresholds": at[1:].tolist(),
        "allFpr": all_fpr.tolist(), "allTpr": all_tpr.tolist(),
        "precision": precision.tolist(), "recall": recall.tolist(), "cuts": thresholds.tolist(),
    },
    "apart": {"scores": apart, "fpr": apart_fpr.tolist(), "tpr": apart_tpr.tolist(), "thresholds": apart_at[1:].tolist()},
    "several": {
        "truth": [words[c] for c in codes], "shares": shares.tolist(), "logLoss": metrics.log_loss(codes, shares),
        "ovr": [metrics.roc_auc_score(codes, shares, multi_class="ovr", average=a) for a in ["macro", "weighted"]],
        "ovo": [metrics.roc_auc_score(codes, shares, multi_class="ovo", average=a) for a in ["macro", "weighted"]],
        "lacking": metrics.log_loss([0, 2, 2, 0], shares[:4], labels=[0, 1, 2]),
    },
    "deviations": [
        deviations(one, other), deviations(meant, said), deviations([2.0, 2.0, 2.0], [2.0, 2.5, 2.0]),
        deviations([2.0, 2.0, 2.0], [2.0, 2.0, 2.0]), deviations([1.0, 2.0, 4.0, 7.0], [1.5, 2.5, 4.5, 7.5]),
    ],
    "maxError": metrics.max_error(one, other),
}

path = os.path.join(os.path.dirname(__file__), "../../tests/golden/learn/selection.json")
with open(path, "w") as file:
    json.dump(result, file, separators=(",", ":"))
    file.write("\n")
