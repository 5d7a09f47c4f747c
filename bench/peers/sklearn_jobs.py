"""scikit-learn: fits of linear models."""

import warnings

from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge

MODELS = {
    "linear": LinearRegression,
    "ridge": Ridge,
    "lasso": lambda: Lasso(alpha=0.05),
    "elastic net": lambda: ElasticNet(alpha=0.05),
    "logistic": LogisticRegression,
}


class fit:
    """A fit to a problem of bench/fits.ts; the result are the coefficients."""

    learns = False

    def __init__(self, p):
        warnings.simplefilter("ignore")
        x = p["x"].reshape(p["rows"], p["columns"])
        self.run = lambda: MODELS[p["model"]]().fit(x, p["y"])
        self.result = lambda: self.run().coef_.ravel()

    def reset(self):
        pass
