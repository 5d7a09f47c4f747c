"""PyTorch in eager mode, with torch.nn and torch.optim."""

import torch
from torch import nn
from torch_images import inferImages, operation, trainImages  # noqa: F401, kinds of jobs

torch.set_num_threads(1)


class Job:
    learns = False

    def reset(self):
        pass


class gemm(Job):
    """a @ b; a transposed operand is a view."""

    def __init__(self, p):
        a, b = torch.from_numpy(p["a"]), torch.from_numpy(p["b"])
        a = a.reshape(p["k"], p["m"]).T if p["transA"] else a.reshape(p["m"], p["k"])
        b = b.reshape(p["n"], p["k"]).T if p["transB"] else b.reshape(p["k"], p["n"])
        self.run = lambda: a @ b
        self.result = lambda: self.run().numpy()


class array(Job):
    """A task of bench/array-task.ts."""

    def __init__(self, p):
        rows, cols = p["rows"], p["cols"]
        x = torch.from_numpy(p["x"]).reshape(rows, cols)
        indices = torch.from_numpy(p["indices"]).long() if len(p["indices"]) else None
        halves = x[: rows // 2], x[rows // 2 :]
        self.run = {
            "concat": lambda: torch.cat(halves),
            "slice": lambda: x[:, cols // 4 : cols // 4 + cols // 2].contiguous(),
            "transpose": lambda: x.T.contiguous(),
            "permute": lambda: x.reshape(-1, 8, cols).transpose(0, 1).contiguous(),
            "flip": lambda: x.flip(1),
            "gather": lambda: x.index_select(0, indices),
            "take": lambda: x.take(indices),
            "cast": lambda: x.to(torch.int32),
            "argmax": lambda: x.argmax(dim=1),
            "column sums": lambda: x.sum(dim=0),
            "softmax": lambda: x.softmax(dim=1),
            "sort": lambda: x.sort(dim=1).values,
            "topK": lambda: x.topk(10, dim=1).values,
        }[p["kind"]]
        self.result = lambda: self.run().float().numpy().ravel()


def model_of(p, last):
    """Linear, ReLU and Dropout, then `last`; Linear keeps its weights transposed."""
    sizes, rate, layers = p["sizes"], p.get("dropout", 0), []
    for i, units in enumerate(sizes[1:]):
        linear = nn.Linear(sizes[i], units)
        kernel, bias = p["weights"][2 * i], p["weights"][2 * i + 1]
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(kernel).reshape(sizes[i], units).T)
            linear.bias.copy_(torch.from_numpy(bias))
        layers.append(linear)
        if i + 2 < len(sizes):
            layers.append(nn.ReLU())
            if rate > 0:
                layers.append(nn.Dropout(rate))
    return nn.Sequential(*layers, *last)


class infer(Job):
    """From a NumPy array to a NumPy array."""

    def __init__(self, p):
        model = model_of(p, [nn.Softmax(dim=1)]).eval()
        x = p["x"].reshape(p["batch"], -1)

        def run():
            with torch.inference_mode():
                return model(torch.from_numpy(x)).numpy()

        self.run = run
        self.result = run


class predict(Job):
    """A network with relu between its layers on the rows of a table, in batches."""

    def __init__(self, p):
        kind = torch.float64 if p["float64"] else torch.float32
        model = model_of(p, []).to(kind).eval()
        x = torch.from_numpy(p["x"]).reshape(-1, p["sizes"][0]).to(kind).repeat(p["blocks"], 1)
        y = torch.empty((len(x), p["sizes"][-1]), dtype=kind)
        batch = p["batch"]

        def run():
            with torch.inference_mode():
                for start in range(0, len(x), batch):
                    y[start : start + batch] = model(x[start : start + batch])
            return y

        self.run = run
        self.result = lambda: run()[:batch].float().numpy().ravel()


class train(Job):
    """zero_grad, backward and Adam's step; the loss is read back as a number."""

    learns = True

    def __init__(self, p):
        self.p = p
        self.x = torch.from_numpy(p["x"]).reshape(p["batch"], -1)
        y = torch.from_numpy(p["y"]).reshape(p["batch"], -1)
        self.mse = p["loss"] == "mse"
        self.y = y if self.mse else y.argmax(dim=1)
        self.loss = nn.MSELoss() if self.mse else nn.CrossEntropyLoss()
        self.reset()

    def reset(self):
        torch.manual_seed(1)
        self.model = model_of(self.p, [])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001, eps=1e-7)

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.model(self.x), self.y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def result(self):
        self.reset()
        return [self.run() for _ in range(self.p["steps"])]
