"""PyTorch on images: each job in both layouts, of which the faster stays."""

import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-3
LAYOUTS = {"channels first (NCHW)": torch.contiguous_format, "channels_last": torch.channels_last}


def faster(make, ways=None, rounds=7):
    """A job for each way, by default for each layout; they run in turns, and the fastest is the one, with a note on it."""
    jobs = {name: make(way) for name, way in (ways or LAYOUTS).items()}
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(rounds + 2):
        for name, job in jobs.items():
            start = time.perf_counter()
            job.run()
            if turn >= 2:
                best[name] = min(best[name], time.perf_counter() - start)
    first, *others = sorted(best, key=best.get)
    than = "".join(f", which took {best[first] / best[name]:.2f} of the time of {name}" for name in others)
    jobs[first].note = f"in {first}{than}"
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
            "batchNormInference": lambda x, g, b, m, v: F.batch_norm(x, m, v, g, b, training=False, eps=EPSILON),
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


class IntegerOperation:
    """On codes that are unsigned here: the same steps, shifted by 128. Its maximum and mean keep the format."""

    learns = False

    def __init__(self, p, engine):
        torch.backends.quantized.engine = engine
        kind, size, stride, padding, units = p["kind"], p["size"], p["stride"], p["padding"], p["units"]
        given = p["int8"]
        start, to = [(f["scale"], f["zeroPoint"] + 128) for f in (given["from"], given["to"])]
        codes = images(given["x"].astype("float32"), p["batch"], p["height"], p["width"], torch.channels_last)
        real = (codes - given["from"]["zeroPoint"]) * start[0]
        x = torch.quantize_per_tensor(real, *start, torch.quint8)
        if kind == "maxPool":
            apply = lambda: F.max_pool2d(x, size, stride)  # noqa: E731
        else:
            depth, groups = (1, units) if kind == "depthwise" else (p["channels"], 1)
            weights = {"kernel": given["kernel"], "scales": given["scales"], "bias": np.zeros(units, np.int32)}
            kernel, bias = IntegerInference.parameters(weights, start, size, depth)
            packed = torch.ops.quantized.conv2d_prepack(kernel, bias, [stride] * 2, [padding] * 2, [1, 1], groups)
            apply = lambda: torch.ops.quantized.conv2d(x, packed, *to)  # noqa: E731

        def run():
            torch.backends.quantized.engine = engine
            with torch.inference_mode():
                return apply()

        self.run = run

    def reset(self):
        pass

    def result(self):
        return self.run().int_repr().permute(0, 2, 3, 1).reshape(-1).numpy().astype("float32") - 128


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


class Inference:
    """From a NumPy array to a NumPy array."""

    learns = False

    def __init__(self, p, layout):
        model = nn.Sequential(Model(p), nn.Softmax(dim=1)).to(memory_format=layout).eval()
        height, width, _ = p["layers"][0]["shape"]

        def run():
            with torch.inference_mode():
                return model(images(p["x"], p["batch"], height, width, layout)).numpy()

        self.run = run
        self.result = run

    def reset(self):
        pass


class IntegerInference:
    """Quantized operations on the formats given, whose integers are unsigned here: the same steps, shifted by 128."""

    learns = False

    def __init__(self, p, engine):
        torch.backends.quantized.engine = engine
        formats = [(f["scale"], f["zeroPoint"] + 128) for f in p["int8"]["formats"]]
        weights, steps, image = iter(p["int8"]["weights"]), [], None
        for i, layer in enumerate(p["layers"]):
            kind, shape, to = layer["kind"], layer["shape"], formats[i + 1]
            if kind in ("conv2d", "depthwise"):
                depthwise = kind == "depthwise"
                kernel, bias = self.parameters(next(weights), formats[i], layer["size"], 1 if depthwise else shape[2])
                stride = [layer["stride"] if depthwise else 1] * 2
                groups = shape[2] if depthwise else 1
                packed = torch.ops.quantized.conv2d_prepack(kernel, bias, stride, [0, 0], [1, 1], groups)
                steps.append(lambda q, packed=packed, to=to: torch.ops.quantized.conv2d_relu(q, packed, *to))
            elif kind == "maxPool":
                steps.append(lambda q, size=layer["size"]: F.max_pool2d(q, size))
            elif kind == "globalAverage":
                steps.append(lambda q: torch.flatten(F.adaptive_avg_pool2d(q, 1), 1))
            elif kind == "flatten":
                image = shape
                steps.append(lambda q: torch.flatten(q, 1))
            else:
                kernel, bias = self.parameters(next(weights), formats[i], 1, shape[0], image)
                image = None
                packed = torch.ops.quantized.linear_prepack(kernel.reshape(kernel.shape[0], -1), bias)
                run = torch.ops.quantized.linear_relu if i + 1 < len(p["layers"]) else torch.ops.quantized.linear
                steps.append(lambda q, packed=packed, to=to, run=run: run(q, packed, *to))
        height, width, _ = p["layers"][0]["shape"]

        def run():
            torch.backends.quantized.engine = engine
            with torch.inference_mode():
                x = images(p["x"], p["batch"], height, width, torch.channels_last)
                q = torch.quantize_per_tensor(x, *formats[0], torch.quint8)
                for step in steps:
                    q = step(q)
                return torch.softmax(q.dequantize(), 1).numpy()

        self.run = run
        self.result = run

    @staticmethod
    def parameters(w, format, size, depth, image=None):
        """Kernel and bias as its prepacking takes them: quantized for each unit, and real numbers."""
        scales = torch.from_numpy(w["scales"])
        units = len(scales)
        real = torch.from_numpy(w["kernel"]).reshape(-1, units) * scales
        if image is not None:  # its rows in the order of images with the channels first
            real = real.reshape(*image, units).permute(2, 0, 1, 3)
        real = real.reshape(size, size, depth, units).permute(3, 2, 0, 1).contiguous()
        zeros = torch.zeros(units, dtype=torch.long)
        kernel = torch.quantize_per_channel(real, scales.double(), zeros, 0, torch.qint8)
        return kernel, torch.from_numpy(w["bias"]) * scales * format[0]

    def reset(self):
        pass


def inferImages(p):
    if p["int8"] is None:
        return faster(lambda layout: Inference(p, layout))
    return faster(lambda engine: IntegerInference(p, engine), engines())


def engines():
    return {f"engine {e}": e for e in torch.backends.quantized.supported_engines if e != "none"}


def operation(p):
    if p["int8"] is not None:
        if p["kind"] == "avgPool":
            raise ValueError("its mean of codes has the format of what it reads, and so is another operation")
        return faster(lambda engine: IntegerOperation(p, engine), engines())
    return faster(lambda layout: Operation(p, layout))


def trainImages(p):
    return faster(lambda layout: Training(p, layout))
