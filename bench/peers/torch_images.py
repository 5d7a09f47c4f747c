"""PyTorch on images: each job in both layouts, of which the faster stays."""

import time

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-3
LAYOUTS = {"channels first (NCHW)": torch.contiguous_format, "channels_last": torch.channels_last}


def faster(make, rounds=7):
    """Makes a job in each layout and lets them run in turns; that with the shortest run, and a note on it."""
    jobs = {name: make(layout) for name, layout in LAYOUTS.items()}
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(rounds + 2):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            if turn >= 2:
                best[name] = min(best[name], time.perf_counter() - start)
    first, second = sorted(best, key=best.get)
    note = f"in {first}, which took {best[first] / best[second]:.2f} of the time of {second}"
    return first, note


def images(values, batch, height, width, layout):
    x = torch.from_numpy(values).reshape(batch, height, width, -1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=layout)


def kernels(values, size, units, layout):
    """HWIO to OIHW."""
    w = torch.from_numpy(values).reshape(size, size, -1, units).permute(3, 2, 0, 1)
    return w.contiguous(memory_format=layout)


class operation:
    learns = False

    def __init__(self, p):
        runs = {name: self.made(p, layout) for name, layout in LAYOUTS.items()}
        name, self.note = faster(lambda layout: next(runs[n] for n in LAYOUTS if LAYOUTS[n] is layout))
        self.run = runs[name]

    def reset(self):
        pass

    def made(self, p, layout):
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

            return forward
        for tensor in given:
            tensor.requires_grad_()
        shape = apply(*given).shape
        dy = images(p["dy"], batch, shape[2], shape[3], layout)
        return lambda: torch.autograd.grad(apply(*given), given, dy)

    def result(self):
        first, *weights = self.run()
        parts = [first.permute(0, 2, 3, 1), *(w.permute(2, 3, 1, 0) if w.dim() == 4 else w for w in weights)]
        return torch.cat([part.reshape(-1) for part in parts]).numpy()
