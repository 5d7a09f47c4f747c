// Small networks as plain data, one for each operator that .tflite files have of them, for tests and for LiteRT.js.

/** Numbers from 0 to below 1, the same at every run. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);
const linear = { name: 'linear' };
const node = (op, inputs, attrs, format = null, weights = {}) => ({
  op,
  inputs: [inputs].flat(),
  attrs,
  format,
  weights,
});
const int8 = (scale, zeroPoint) => ({ scale, zeroPoint });

/** A network of named nodes; its output is the last of them, as real numbers. Weights are made for their shapes. */
export function networkOf(shape, nodes, weights = {}, inputs = { x: 'float32' }) {
  const next = random(7);
  const list = Object.entries(nodes).map(([name, rest]) => ({ name, ...rest }));
  if (list.at(-1).format !== null) list.push({ name: 'real', ...node('dequantize', list.at(-1).name, {}) });
  const stored = Object.entries(weights).map(([key, { shape: own, type = 'float32', scales = 1 }]) => {
    const n = sizeOf(own);
    const integer = (most) => Math.floor((next() - 0.5) * 2 * most);
    const encodings = {
      float32: () => ({ type, values: Float32Array.from({ length: n }, () => next() - 0.5) }),
      float16: () => ({ type, values: Uint16Array.from({ length: n }, () => 0x3000 + integer(0x7ff)) }),
      int8: () => ({
        type,
        values: Int8Array.from({ length: n }, () => integer(127)),
        scales: Float32Array.from({ length: own.at(-1) }, (_, j) => (scales === 1 ? 0.004 : 0.002 + 0.001 * j)),
      }),
      int32: () => ({ type, values: Int32Array.from({ length: n }, () => integer(2000)) }),
    };
    return [key, { shape: own, encoding: encodings[type](), mask: null }];
  });
  return {
    inputs: Object.entries(inputs).map(([name, dtype]) => ({ name, shape, dtype })),
    nodes: list,
    outputs: [list.at(-1).name],
    weights: new Map(stored),
  };
}

const IN = int8(0.03, -5);
const OUT = int8(0.05, 3);
const whole = (rest) => ({ q: node('quantize', 'x', {}, IN), ...rest });
const both = { kernel: 'k', bias: 'b' };
const conv = { activation: linear, strides: [1, 1], dilations: [1, 1], padding: 'same', groups: 1 };
const rule = { rule: 'multiplier' };
const xnnpack = { rule: 'xnnpack' };
const images = [6, 5, 4];
const image = (rest, weights) => networkOf(images, rest, weights);
const pair = (shape, units, scales) => ({ k: { shape, type: 'int8', scales }, b: { shape: [units], type: 'int32' } });
const reals = (shape, units) => ({ k: { shape }, b: { shape: [units] } });
const ACTIVATIONS =
  'relu relu6 leakyRelu elu gelu geluTanh sigmoid tanh silu hardSwish exponential softmax logSoftmax'.split(' ');
const ALPHAS = { leakyRelu: { alpha: 0.25 }, elu: { alpha: 1 } };
const FORMATS = {
  sigmoid: int8(2 ** -8, -128),
  softmax: int8(2 ** -8, -128),
  tanh: int8(2 ** -7, 0),
  logSoftmax: int8(2 ** -4, 127),
};

const activations = Object.fromEntries(
  ACTIVATIONS.flatMap((name) => {
    const attrs = { activation: { name, ...ALPHAS[name] } };
    return [
      [name, networkOf([3, 6], { y: node('activation', 'x', attrs) })],
      [`${name} of int8`, networkOf([3, 6], whole({ y: node('activation', 'q', attrs, FORMATS[name] ?? OUT) }))],
      [
        `${name} of int8, another format`,
        networkOf([6], whole({ y: node('activation', 'q', attrs, int8(0.02, -20)) })),
      ],
    ];
  }),
);

/** By what is of note in each. */
export const operatorNetworks = {
  ...activations,
  dense: networkOf([7], { y: node('dense', 'x', { activation: { name: 'relu' } }, null, both) }, reals([7, 5], 5)),
  'dense without bias': networkOf(
    [7],
    { y: node('dense', 'x', { activation: linear }, null, { kernel: 'k' }) },
    { k: { shape: [7, 5] } },
  ),
  'dense of rows': networkOf(
    [3, 7],
    { y: node('dense', 'x', { activation: { name: 'tanh' } }, null, both) },
    reals([7, 5], 5),
  ),
  'dense in float16': networkOf(
    [7],
    { y: node('dense', 'x', { activation: linear }, null, both) },
    { k: { shape: [7, 5], type: 'float16' }, b: { shape: [5] } },
  ),
  'dense of int8': networkOf(
    [7],
    whole({ y: node('dense', 'q', { activation: { name: 'relu6' }, ...rule }, OUT, both) }),
    pair([7, 5], 5, 1),
  ),
  'dense of int8, no bias': networkOf(
    [7],
    whole({ y: node('dense', 'q', { activation: linear, ...rule }, OUT, { kernel: 'k' }) }),
    { k: { shape: [7, 5], type: 'int8' } },
  ),
  'dense of int8 rows, the rule float': networkOf(
    [3, 7],
    whole({ y: node('dense', 'q', { activation: linear }, OUT, both) }),
    pair([7, 5], 5, 2),
  ),
  'dense of int8 to real numbers': networkOf(
    [7],
    whole({ y: node('dense', 'q', { activation: { name: 'softmax' } }, null, both) }),
    pair([7, 5], 5, 2),
  ),
  conv: image(
    { y: node('conv', 'x', { ...conv, strides: [2, 1], activation: { name: 'relu' } }, null, both) },
    reals([3, 2, 4, 6], 6),
  ),
  'conv with holes': image(
    { y: node('conv', 'x', { ...conv, dilations: [2, 1], padding: 'valid' }, null, both) },
    reals([2, 2, 4, 6], 6),
  ),
  'conv with zeros around': image(
    {
      y: node(
        'conv',
        'x',
        {
          ...conv,
          padding: [
            [0, 1],
            [2, 1],
          ],
        },
        null,
        both,
      ),
    },
    reals([3, 3, 4, 6], 6),
  ),
  'conv in groups': image({ y: node('conv', 'x', { ...conv, groups: 2 }, null, both) }, reals([3, 3, 2, 6], 6)),
  'depthwise conv': image(
    { y: node('conv', 'x', { ...conv, groups: 4, activation: { name: 'relu6' } }, null, both) },
    reals([3, 3, 1, 8], 8),
  ),
  'conv of int8': image(
    whole({ y: node('conv', 'q', { ...conv, ...rule, activation: { name: 'relu' } }, OUT, both) }),
    pair([3, 3, 4, 6], 6, 2),
  ),
  'dense of int8, the rule of XNNPACK': networkOf(
    [7],
    whole({ y: node('dense', 'q', { activation: linear, ...xnnpack }, OUT, both) }),
    pair([7, 5], 5, 2),
  ),
  'conv of int8, the rule of XNNPACK': image(
    whole({ y: node('conv', 'q', { ...conv, ...xnnpack, activation: { name: 'relu6' } }, OUT, both) }),
    pair([3, 3, 4, 6], 6, 2),
  ),
  'sums and means of int8, the rules of XNNPACK': image(
    whole({
      c: node('conv', 'q', { ...conv, ...xnnpack }, OUT, both),
      p: node('pool', 'c', { kind: 'average', size: [2, 2], strides: [1, 1], padding: 'same', ...rule }, OUT),
      s: node('add', ['p', 'c'], xnnpack, int8(0.07, 2)),
      y: node('globalPool', 's', { kind: 'average', ...rule }, int8(0.07, 2)),
    }),
    pair([3, 3, 4, 6], 6, 2),
  ),
  'conv of int8 with zeros around': image(
    whole({
      y: node(
        'conv',
        'q',
        {
          ...conv,
          ...rule,
          padding: [
            [0, 1],
            [2, 1],
          ],
        },
        OUT,
        both,
      ),
    }),
    pair([3, 3, 4, 6], 6, 2),
  ),
  'depthwise conv of int8': image(
    whole({ y: node('conv', 'q', { ...conv, ...rule, groups: 4, strides: [2, 2] }, OUT, both) }),
    pair([3, 3, 1, 8], 8, 2),
  ),
  'conv of int8 to real numbers': image(whole({ y: node('conv', 'q', conv, null, both) }), pair([3, 3, 4, 6], 6, 2)),
  'conv of a sequence': networkOf(
    [9, 4],
    { y: node('conv', 'x', { ...conv, strides: [2], dilations: [1] }, null, both) },
    reals([3, 4, 6], 6),
  ),
  'conv of an int8 sequence': networkOf(
    [9, 4],
    whole({ y: node('conv', 'q', { ...conv, ...rule, strides: [1], dilations: [2], padding: [[2, 0]] }, OUT, both) }),
    pair([2, 4, 6], 6, 2),
  ),
  'transposed conv': image(
    { y: node('convTranspose', 'x', { activation: { name: 'relu' }, strides: [2, 2], padding: 'same' }, null, both) },
    reals([3, 3, 6, 4], 6),
  ),
  'transposed conv of int8': image(
    whole({
      y: node('convTranspose', 'q', { activation: linear, ...rule, strides: [2, 1], padding: 'valid' }, OUT, both),
    }),
    pair([3, 3, 6, 4], 6, 1),
  ),
  'largest of windows': image({
    y: node('pool', 'x', { kind: 'max', size: [2, 2], strides: [2, 2], padding: 'same' }),
  }),
  'mean of windows': image({
    y: node('pool', 'x', { kind: 'average', size: [3, 2], strides: [1, 2], padding: 'same' }),
  }),
  'largest of int8 windows': image(
    whole({ y: node('pool', 'q', { kind: 'max', size: [2, 2], strides: [2, 2], padding: 'valid' }, IN) }),
  ),
  'mean of int8 windows': image(
    whole({ y: node('pool', 'q', { kind: 'average', size: [2, 2], strides: [2, 2], padding: 'valid' }, IN) }),
  ),
  'mean of codes of windows': image(
    whole({ y: node('pool', 'q', { kind: 'average', size: [2, 2], strides: [2, 2], padding: 'same', ...rule }, IN) }),
  ),
  'mean of codes of windows of a sequence': networkOf(
    [9, 4],
    whole({ y: node('pool', 'q', { kind: 'average', size: [4], strides: [3], padding: 'same', ...rule }, IN) }),
  ),
  'mean of codes of places': image(whole({ y: node('globalPool', 'q', { kind: 'average', ...rule }, IN) })),
  'mean of codes of a sequence': networkOf(
    [8, 4],
    whole({ y: node('globalPool', 'q', { kind: 'average', ...rule }, IN) }),
  ),
  'mean of int8 windows in another format': image(
    whole({ y: node('pool', 'q', { kind: 'average', size: [2, 2], strides: [2, 2], padding: 'same' }, OUT) }),
  ),
  'mean of windows of a sequence': networkOf(
    [9, 4],
    whole({ y: node('pool', 'q', { kind: 'average', size: [3], strides: [3], padding: 'valid' }, OUT) }),
  ),
  'mean of places': image({ y: node('globalPool', 'x', { kind: 'average' }) }),
  'largest of places': networkOf([9, 4], { y: node('globalPool', 'x', { kind: 'max' }) }),
  'mean of int8 places': image(whole({ y: node('globalPool', 'q', { kind: 'average' }, OUT) })),
  flatten: image(
    { f: node('flatten', 'x', {}), y: node('dense', 'f', { activation: linear }, null, { kernel: 'k' }) },
    { k: { shape: [120, 3] } },
  ),
  add: networkOf(
    [3, 4],
    { s: node('add', ['x', 'z'], {}), y: node('activation', 's', { activation: { name: 'relu' } }) },
    {},
    { x: 'float32', z: 'float32' },
  ),
  'add of three': networkOf([3, 4], { y: node('add', ['x', 'z', 'x'], {}) }, {}, { x: 'float32', z: 'float32' }),
  'add of int8': networkOf(
    [3, 4],
    whole({
      p: node('quantize', 'x', {}, OUT),
      s: node('add', ['q', 'p'], rule, int8(0.07, 2)),
      y: node('activation', 's', { activation: { name: 'relu' } }, int8(0.07, 2)),
    }),
  ),
  'add of int8, the rule of XNNPACK': networkOf(
    [3, 4],
    whole({ p: node('quantize', 'x', {}, OUT), y: node('add', ['q', 'p'], xnnpack, int8(0.03 / 2, 2)) }),
  ),
  'add of int8, the rule float': networkOf(
    [3, 4],
    whole({ p: node('quantize', 'x', {}, OUT), y: node('add', ['q', 'p'], {}, int8(0.07, 2)) }),
  ),
  'add of three of int8': networkOf(
    [3, 4],
    whole({ p: node('quantize', 'x', {}, OUT), y: node('add', ['q', 'p', 'q'], {}, int8(0.1, 2)) }),
  ),
  concat: networkOf([3, 4], { y: node('concat', ['x', 'z', 'x'], {}) }, {}, { x: 'float32', z: 'float32' }),
  'concat of int8': networkOf(
    [3, 4],
    whole({ p: node('quantize', 'x', {}, OUT), y: node('concat', ['q', 'p'], {}, OUT) }),
  ),
  split: image({ y: node('split', 'x', { from: 1, to: 3 }) }),
  'split of int8': image(whole({ y: node('split', 'q', { from: 2, to: 4 }, IN) })),
  'zeros around': image({
    y: node('zeroPad', 'x', {
      widths: [
        [1, 0],
        [2, 1],
      ],
    }),
  }),
  'zeros around int8': networkOf([9, 4], whole({ y: node('zeroPad', 'q', { widths: [[1, 2]] }, IN) })),
  'nearest neighbours': image({ y: node('upsample', 'x', { factors: [2, 3] }) }),
  'nearest neighbours of int8': networkOf([9, 4], whole({ y: node('upsample', 'q', { factors: [2] }, IN) })),
  'a factor for each channel': image(
    {
      y: node('batchNorm', 'x', { epsilon: 0, momentum: 0.9, isUnbiased: false }, null, {
        gamma: 'g',
        beta: 'b',
        mean: 'm',
        variance: 'v',
      }),
    },
    { g: { shape: [4] }, b: { shape: [4] }, m: { shape: [4] }, v: { shape: [4] } },
  ),
  embedding: networkOf(
    [6],
    { y: node('embedding', 'x', {}, null, { embeddings: 'e' }) },
    { e: { shape: [5, 3] } },
    { x: 'int32' },
  ),
  'other integers of integers': networkOf([5], whole({ y: node('quantize', 'q', {}, OUT) })),
  'exact scales': networkOf(
    [7],
    {
      q: node('quantize', 'x', {}, int8(0.1 / 3, -5)),
      y: node('dense', 'q', { activation: linear, ...rule }, int8(0.1, 3), both),
    },
    pair([7, 5], 5, 2),
  ),
};
// A variance is positive, and one that is no power of two would be rounded otherwise in the file
{
  const { weights } = operatorNetworks['a factor for each channel'];
  weights.get('v').encoding.values.fill(4);
  weights.get('m').encoding.values.fill(0);
}
