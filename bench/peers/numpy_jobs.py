"""NumPy: products, and a network of dense layers written by hand."""

import numpy as np


class Job:
    learns = False

    def reset(self):
        pass


class gemm(Job):
    """c = a @ b; a transposed operand is a view, which the BLAS behind it reads in place."""

    def __init__(self, p):
        a = p["a"].reshape(p["k"], p["m"]).T if p["transA"] else p["a"].reshape(p["m"], p["k"])
        b = p["b"].reshape(p["n"], p["k"]).T if p["transB"] else p["b"].reshape(p["k"], p["n"])
        self.run = lambda: a @ b
        self.result = self.run


class copy(Job):
    """y[...] = x with its axes in another order."""

    def __init__(self, p):
        x = p["x"].reshape(p["shape"]).transpose(p["axes"])
        y = np.empty(x.shape, np.float32)
        self.run = lambda: np.copyto(y, x)
        self.result = lambda: (self.run(), y.ravel())[1]


class array(Job):
    """A task of bench/array-task.ts, into memory made beforehand where NumPy writes into any."""

    def __init__(self, p):
        rows, cols = p["rows"], p["cols"]
        x, indices = p["x"].reshape(rows, cols), p.get("indices")
        y = np.empty_like(x)
        halves = x[: rows // 2], x[rows // 2 :]
        half = np.empty((rows, cols // 2), np.float32)
        turned = x.reshape(-1, 8, cols).swapaxes(0, 1) if rows % 8 == 0 else None

        def copied(view, to):
            to = to.reshape(view.shape)
            return lambda: (np.copyto(to, view), to)[1]

        def softmax_of_rows():
            np.subtract(x, x.max(axis=1, keepdims=True), out=y)
            np.exp(y, out=y)
            return np.divide(y, y.sum(axis=1, keepdims=True), out=y)

        def ten_largest():
            some = np.argpartition(x, -10, axis=1)[:, -10:]
            values = np.take_along_axis(x, some, axis=1)
            return np.take_along_axis(values, np.argsort(-values, axis=1), axis=1)

        self.run = {
            "concat": lambda: np.concatenate(halves, out=y),
            "slice": copied(x[:, cols // 4 : cols // 4 + cols // 2], half),
            "transpose": copied(x.T, y),
            "permute": copied(turned, y) if turned is not None else None,
            "flip": copied(x[:, ::-1], y),
            "gather": lambda: np.take(x, indices, axis=0, out=y, mode="clip"),
            "take": lambda: np.take(x, indices, out=y.ravel(), mode="clip"),
            "cast": lambda: x.astype(np.int32),
            "argmax": lambda: x.argmax(axis=1),
            "column sums": lambda: x.sum(axis=0),
            "softmax": softmax_of_rows,
            "sort": lambda: np.sort(x, axis=1),
            "topK": ten_largest,
        }[p["kind"]]
        self.result = lambda: np.asarray(self.run(), np.float32).ravel()


def weights_of(p):
    """[kernel, bias] of each layer, as copies."""
    sizes = p["sizes"]
    shapes = [shape for i, units in enumerate(sizes[1:]) for shape in ((sizes[i], units), (units,))]
    return [w.reshape(shape).copy() for w, shape in zip(p["weights"], shapes)]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class infer(Job):
    def __init__(self, p):
        w = weights_of(p)
        x = p["x"].reshape(p["batch"], -1)
        last = len(w) // 2 - 1

        def run():
            h = x
            for i in range(last):
                h = np.maximum(h @ w[2 * i] + w[2 * i + 1], 0)
            return softmax(h @ w[2 * last] + w[2 * last + 1])

        self.run = run
        self.result = run


class train(Job):
    """Forward, backward and Adam in place; the loss comes back as a number."""

    learns = True

    def __init__(self, p):
        self.p = p
        self.x = p["x"].reshape(p["batch"], -1)
        self.y = p["y"].reshape(p["batch"], -1)
        self.reset()

    def reset(self):
        self.w = weights_of(self.p)
        self.m = [np.zeros_like(w) for w in self.w]
        self.v = [np.zeros_like(w) for w in self.w]
        self.t = 0
        self.random = np.random.default_rng(1)

    def run(self):
        w, batch, rate = self.w, self.p["batch"], self.p["dropout"]
        last = len(w) // 2 - 1
        inputs, masks = [self.x], []
        for i in range(last):
            h = inputs[-1] @ w[2 * i]
            h += w[2 * i + 1]
            np.maximum(h, 0, out=h)
            if rate > 0:
                kept = self.random.random(h.shape, dtype=np.float32) >= rate
                mask = kept * np.float32(1 / (1 - rate))
                h *= mask
                masks.append(mask)
            inputs.append(h)
        z = inputs[-1] @ w[2 * last] + w[2 * last + 1]
        if self.p["loss"] == "mse":
            difference = z - self.y
            loss = np.mean(difference * difference)
            dz = difference * np.float32(2 / difference.size)
        else:
            shifted = z - z.max(axis=1, keepdims=True)
            e = np.exp(shifted)
            total = e.sum(axis=1, keepdims=True)
            loss = -np.sum((shifted - np.log(total)) * self.y) / batch
            dz = (e / total - self.y) * np.float32(1 / batch)
        gradients = [None] * len(w)
        for i in range(last, -1, -1):
            gradients[2 * i] = inputs[i].T @ dz
            gradients[2 * i + 1] = dz.sum(axis=0)
            if i > 0:
                dz = dz @ w[2 * i].T
                dz *= inputs[i] > 0
                if rate > 0:
                    dz *= masks[i - 1]
        self.update(gradients)
        return float(loss)

    def update(self, gradients):
        """Kingma & Ba 2015, the form at the end of section 2, epsilon 1e-7."""
        self.t += 1
        step = np.float32(0.001 * np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t))
        for w, g, m, v in zip(self.w, gradients, self.m, self.v):
            m *= np.float32(0.9)
            m += np.float32(0.1) * g
            v *= np.float32(0.999)
            g *= g
            g *= np.float32(0.001)
            v += g
            w -= step * m / (np.sqrt(v) + np.float32(1e-7))

    def result(self):
        self.reset()
        return np.array([self.run() for _ in range(self.p["steps"])])


def table_of(p):
    """The rows of all blocks, and the type of a job on them."""
    kind = np.float64 if p["float64"] else np.float32
    return np.tile(p["x"].reshape(-1, p["sizes"][0]).astype(kind), (p["blocks"], 1)), kind


class predict(Job):
    """A network with relu between its layers on the rows of a table, in batches."""

    def __init__(self, p):
        x, kind = table_of(p)
        w = [each.astype(kind) for each in weights_of(p)]
        last, batch = len(w) // 2 - 1, p["batch"]
        y = np.empty((len(x), p["sizes"][-1]), kind)

        def run():
            for start in range(0, len(x), batch):
                h = x[start : start + batch]
                for i in range(last):
                    h = np.maximum(h @ w[2 * i] + w[2 * i + 1], 0)
                y[start : start + batch] = h @ w[2 * last] + w[2 * last + 1]
            return y

        self.run = run
        self.result = lambda: run()[:batch]


class epoch(train):
    """An epoch of training in batches, one after the other; the result is its mean loss."""

    def __init__(self, p):
        self.p = dict(p, dropout=0, loss="mse")
        self.table, self.kind = table_of(p)
        self.targets = np.tile(p["y"].reshape(-1, p["sizes"][-1]).astype(self.kind), (p["blocks"], 1))
        self.reset()

    def reset(self):
        super().reset()
        self.w, self.m, self.v = ([each.astype(self.kind) for each in some] for some in (self.w, self.m, self.v))

    def run(self):
        batch = self.p["batch"]
        starts = range(0, len(self.table), batch)
        total = 0.0
        for start in starts:
            self.x, self.y = self.table[start : start + batch], self.targets[start : start + batch]
            total += super().run()
        return total / len(starts)

    def result(self):
        self.reset()
        return np.array([self.run()])
