"""PyTorch on images: each job in both layouts, of which the faster stays."""

import time

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-3
LAYOUTS = {"channels first (NCHW)": torch.contiguous_format, "channels_last": torch.channels_last}


def faster(make, rounds=7):
    """A job in each layout; they run in turns, and that with the shortest run is the one, with a note on it."""
    jobs = {name: make(layout) for name, layout in LAYOUTS.items()}
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(rounds + 2):
        for name, job in jobs.items():
            start = time.perf_counter()
            job.run()
            if turn >= 2:
                best[name] = min(best[name], time.perf_counter() - start)
    first, second = sorted(best, key=best.get)
    jobs[first].note = f"in {first}, which took {best[first] / best[second]:.2f} of the time of {second}"
    return jobs[first]


def images(values, batch, height, width, layout):
    x = torch.from_numpy(values).reshape(batch, height, width, -1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=layout)


def kernels(values, size, units, layout):
    """HWIO to OIHW."""
    w = torch.from_numpy(values).reshape(size, size, -1, units).permute(3, 2, 0, 1)
    return w.contiguous(memory_format=layout)


class Operation:
    learns = False

    def __init__(self, p, layout):
        kind, size, stride, padding = p["kind"], p["size"], p["stride"], p["padding"]
        batch, channels, units = p["batch"], p["channels"], p["units"]
        x = images(p["x"], batch, p["height"], p["width"], layout)
        if kind in ("conv2d", "depthwise"):
            weights = [kernels(p["weights"][0], size, units, layout)]
        else:
            weights = [torch.from_numpy(w) for w in p["weights"]]
        apply = {
            "conv2d": lambda x, w: F.conv2d(x, w, stride=stride, padding=padding),
            "depthwise": lambda x, w: F.conv2d(x, w, stride=stride, padding=padding, groups=channels),
            "maxPool": lambda x: F.max_pool2d(x, size, stride),
            "avgPool": lambda x: F.avg_pool2d(x, size, stride),
            "batchNorm": lambda x, g, b: F.batch_norm(x, None, None, g, b, training=True, eps=EPSILON),
        }[kind]
        given = [x, *weights]
        if not p["gradients"]:

            def forward():
                with torch.inference_mode():
                    return [apply(*given)]

            self.run = forward
            return
        for tensor in given:
            tensor.requires_grad_()
        shape = apply(*given).shape
        dy = images(p["dy"], batch, shape[2], shape[3], layout)
        self.run = lambda: torch.autograd.grad(apply(*given), given, dy)

    def reset(self):
        pass

    def result(self):
        first, *weights = self.run()
        parts = [first.permute(0, 2, 3, 1), *(w.permute(2, 3, 1, 0) if w.dim() == 4 else w for w in weights)]
        return torch.cat([part.reshape(-1) for part in parts]).numpy()


class Model(nn.Module):
    """The layers of a task, weights of Keras's layouts in PyTorch's."""

    def __init__(self, p):
        super().__init__()
        weights = iter(torch.from_numpy(w) for w in p["weights"])
        layers, image = [], None
        for i, layer in enumerate(p["layers"]):
            kind, shape = layer["kind"], layer["shape"]
            relu = []
            if kind == "conv2d":
                made = nn.Conv2d(shape[2], layer["units"], layer["size"])
                self.fill(made, next(weights).reshape(layer["size"], layer["size"], shape[2], -1).permute(3, 2, 0, 1), next(weights))
                relu = [nn.ReLU()]
            elif kind == "depthwise":
                made = nn.Conv2d(shape[2], shape[2], layer["size"], stride=layer["stride"], groups=shape[2])
                self.fill(made, next(weights).reshape(layer["size"], layer["size"], 1, -1).permute(3, 2, 0, 1), next(weights))
                relu = [nn.ReLU()]
            elif kind == "maxPool":
                made = nn.MaxPool2d(layer["size"])
            elif kind == "globalAverage":
                made = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
            elif kind == "flatten":
                made, image = nn.Flatten(), shape
            elif kind == "dropout":
                made = nn.Dropout(layer["rate"])
            else:
                made = nn.Linear(shape[0], layer["units"])
                kernel = next(weights).reshape(shape[0], -1)
                if image is not None:  # its rows in the order of images with the channels first
                    kernel = kernel.reshape(*image, -1).permute(2, 0, 1, 3).reshape(shape[0], -1)
                    image = None
                self.fill(made, kernel.T, next(weights))
                relu = [nn.ReLU()] if i + 1 < len(p["layers"]) else []
            layers += [made, *relu]
        self.layers = nn.Sequential(*layers)

    @staticmethod
    def fill(layer, weight, bias):
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)

    def forward(self, x):
        return self.layers(x)


class Training:
    """zero_grad, backward and Adam's step; the loss is read back as a number."""

    learns = True

    def __init__(self, p, layout):
        self.p, self.layout = p, layout
        height, width, _ = p["layers"][0]["shape"]
        self.x = images(p["x"], p["batch"], height, width, layout)
        self.y = torch.from_numpy(p["y"]).reshape(p["batch"], -1).argmax(dim=1)
        self.loss = nn.CrossEntropyLoss()
        self.reset()

    def reset(self):
        torch.manual_seed(1)
        self.model = Model(self.p).to(memory_format=self.layout)
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


def operation(p):
    return faster(lambda layout: Operation(p, layout))


def trainImages(p):
    return faster(lambda layout: Training(p, layout))
