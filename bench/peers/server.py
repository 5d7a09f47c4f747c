"""Answers a line of JSON with a line of JSON: makes jobs of NumPy, PyTorch or scikit-learn, runs and clocks them."""

import base64
import importlib
import json
import re
import sys
import time

MODULES = {"NumPy": "numpy_jobs", "PyTorch": "torch_jobs", "scikit-learn": "sklearn_jobs"}
# A training job begins each sample with its first weights and a few steps that are not timed.
LEAD_IN = 3


TYPES = {"Float32Array": "float32", "Float64Array": "float64", "Int8Array": "int8", "Int32Array": "int32"}


def decoded(value):
    """Arrays, which come as base64 of their bytes, and lists and objects of them; anything else as it is."""
    import numpy

    if isinstance(value, dict) and "base64" in value:
        return numpy.frombuffer(base64.b64decode(value["base64"]), dtype=TYPES[value["type"]]).copy()
    if isinstance(value, dict):
        return {key: decoded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [decoded(one) for one in value]
    return value


def encoded(array):
    import numpy

    return {"base64": base64.b64encode(numpy.ascontiguousarray(array, dtype=numpy.float32).tobytes()).decode()}


def blas():
    """The BLAS libraries that this process has loaded, where Linux tells."""
    try:
        with open("/proc/self/maps") as maps:
            paths = re.findall(r"\S*/lib(?:blas|openblas|mkl)\S*", maps.read())
    except OSError:
        return ""
    import os

    return ", ".join(sorted({os.path.realpath(path) for path in paths}))


def clocked(job, iterations):
    job.reset()
    run = job.run
    for _ in range(LEAD_IN if job.learns else 0):
        run()
    start = time.perf_counter()
    for _ in range(iterations):
        run()
    return time.perf_counter() - start


def answer(request, jobs):
    action = request["do"]
    if action == "open":
        importlib.import_module(MODULES[request["library"]])
        return {"blas": blas()}
    if action == "make":
        make = getattr(importlib.import_module(MODULES[request["library"]]), request["kind"])
        problem = decoded(request["problem"])
        number = max(jobs, default=0) + 1
        jobs[number] = make(problem)
        return {"id": number, "note": getattr(jobs[number], "note", None)}
    job = jobs[request["id"]]
    if action == "time":
        return {"seconds": clocked(job, request["iterations"])}
    if action == "result":
        return {"result": encoded(job.result())}
    del jobs[request["id"]]
    return {}


def main():
    jobs = {}
    for line in sys.stdin:
        try:
            print(json.dumps(answer(json.loads(line), jobs)), flush=True)
        except Exception as error:  # whatever it is, the benchmark goes on without this job
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)


main()
