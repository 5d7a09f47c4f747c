"""Writes tests/golden/numpy/files.json: files that NumPy writes, in base64, and the numbers that are in them.

python3 scripts/golden/numpy-files.py
"""
import base64
import io
import json
import pathlib

import numpy as np
from numpy.lib import format as npy

TYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]


def text(data):
    return base64.b64encode(data).decode()


def written(array, version=None):
    out = io.BytesIO()
    npy.write_array(out, array, version=version, allow_pickle=True)
    return text(out.getvalue())


def case(name, array, version=None):
    # Whole numbers as texts: JSON has no int64
    values = [str(int(x)) if array.dtype.kind in "iub" else repr(float(x)) for x in array.ravel()]
    return {"name": name, "kind": array.dtype.str[1:], "shape": list(array.shape), "values": values, "file": written(array, version)}


cases = []
for code in TYPES:
    for order in "<>":
        numbers = np.array([[0, 1, 2], [3, 4, 5]]) * (1 if code == "?" else 3)
        if code[0] == "i":
            numbers = numbers - 7
        if code[0] == "f":
            numbers = numbers / 8 - 1
        array = numbers.astype(np.dtype(code).newbyteorder(order))
        cases.append(case(f"{order}{code}", array))
        cases.append(case(f"{order}{code} in Fortran's order", np.asfortranarray(array)))
for version in [(1, 0), (2, 0), (3, 0)]:
    cases.append(case(f"version {version[0]}.{version[1]}", np.arange(4, dtype="<f4") / 3, version))
cases.append(case("a number", np.array(2.5, dtype="<f4")))
cases.append(case("nothing", np.zeros((0, 3), dtype="<f8")))
cases.append(case("limits", np.array([-(2**63), 2**63 - 1, 0], dtype="<i8")))
cases.append(case("four axes in Fortran's order", np.asfortranarray(np.arange(120, dtype=">i2").reshape(2, 3, 4, 5))))
special = np.array([np.inf, -np.inf, -0.0, 5e-324, 1e308], dtype=">f8")
cases.append(case("odd numbers", special))

refused = {
    "objects": np.array([1, "a", None], dtype=object),
    "texts": np.array(["a", "bc"]),
    "bytes": np.array([b"a", b"bc"]),
    "records": np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f4")]),
    "complex numbers": np.array([1 + 2j]),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "long doubles": np.array([1], dtype=np.longdouble),
    "raw bytes": np.array([b"ab"], dtype="V2"),
}

arrays = {"dense/kernel": np.arange(200, dtype="<f4").reshape(20, 10) / 7, "b": np.array([True, False]), "größe": np.arange(3)}
stored = io.BytesIO()
np.savez(stored, **arrays)
packed = io.BytesIO()
np.savez_compressed(packed, **arrays)
golden = {
    "numpy": np.__version__,
    "cases": cases,
    "refused": [{"name": name, "file": written(array)} for name, array in refused.items()],
    "npz": {
        "arrays": [case(name, array) for name, array in arrays.items()],
        "stored": text(stored.getvalue()),
        "packed": text(packed.getvalue()),
    },
}
path = pathlib.Path(__file__).parents[2] / "tests/golden/numpy/files.json"
path.write_text(json.dumps(golden, indent=1) + "\n")
