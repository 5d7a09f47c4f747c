// Whether NumPy reads what is written here: node scripts/formats/numpy.mjs, after npm run build
import { spawnSync } from 'node:child_process';
import { encodeNpy, encodeNpz } from '../../dist/src/formats/index.js';

const READ = `
import base64, io, json, sys
import numpy as np
given = json.load(sys.stdin)
def told(x):
    return {"type": x.dtype.str, "shape": list(x.shape), "bytes": base64.b64encode(x.tobytes()).decode()}
files = [told(np.load(io.BytesIO(base64.b64decode(file)), allow_pickle=False)) for file in given["npy"]]
npz = np.load(io.BytesIO(base64.b64decode(given["npz"])), allow_pickle=False)
print(json.dumps({"numpy": np.__version__, "npy": files, "npz": {name: told(npz[name]) for name in npz.files}}))
`;
const TYPES = {
  BOOL: ['|b1', 1],
  U8: ['|u1', 1],
  I8: ['|i1', 1],
  U16: ['<u2', 2],
  I16: ['<i2', 2],
  F16: ['<f2', 2],
  U32: ['<u4', 4],
  I32: ['<i4', 4],
  F32: ['<f4', 4],
  U64: ['<u8', 8],
  I64: ['<i8', 8],
  F64: ['<f8', 8],
};
const SHAPES = [[], [0], [3], [2, 3], [1, 1, 1, 1, 1, 1, 1, 2], [5, 0, 2]];

const known = spawnSync('python3', ['-c', 'import numpy']);
if (known.error !== undefined || known.status !== 0) {
  console.log('numpy: left out, since there is no python3 with numpy here');
  process.exit(0);
}

const arrays = Object.keys(TYPES).flatMap((dtype) =>
  SHAPES.map((shape) => {
    const n = shape.reduce((a, b) => a * b, 1) * TYPES[dtype][1];
    return {
      dtype,
      shape,
      data: Uint8Array.from({ length: n }, (_, i) => (dtype === 'BOOL' ? i % 2 : (7 * i + 3) % 120)),
    };
  }),
);
const named = new Map(arrays.map((array, i) => [`größe/${array.dtype}-${i}`, array]));
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const input = JSON.stringify({ npy: arrays.map((array) => base64(encodeNpy(array))), npz: base64(encodeNpz(named)) });
const run = spawnSync('python3', ['-c', READ], { input, encoding: 'utf8', maxBuffer: 1 << 26 });
if (run.status !== 0) {
  console.error(`numpy: cannot read what is written here\n${run.stderr}`);
  process.exit(1);
}
const read = JSON.parse(run.stdout);
const wrong = [];
const check = (name, { dtype, shape, data }, got) => {
  const wanted = { type: TYPES[dtype][0], shape, bytes: base64(data) };
  if (JSON.stringify(got) !== JSON.stringify(wanted))
    wrong.push(`${name}: ${JSON.stringify(got)} for ${JSON.stringify(wanted)}`);
};
arrays.forEach((array, i) => void check(`array ${i}`, array, read.npy[i]));
for (const [name, array] of named) check(name, array, read.npz[name]);
if (Object.keys(read.npz).length !== named.size) wrong.push(`${Object.keys(read.npz).length} arrays of ${named.size}`);
for (const line of wrong) console.error(`numpy: ${line}`);
console.log(
  `numpy ${read.numpy}: ${arrays.length} arrays by themselves and in one npz file, ${wrong.length} not read as they are`,
);
process.exit(wrong.length === 0 ? 0 : 1);
