import type { FloatArray } from '../../kernels/arrays.ts';
import type { Epilogue } from '../../kernels/interface/products.ts';
import { checkRange, ShapeError, ValueError } from '../base/errors.ts';
import { broadcastShapes, elementsOf, type Shape, sameShape, size } from '../base/shape.ts';
import { allocateWords, partOf } from '../memory/arena.ts';
import { eachTime } from '../memory/recorder.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { zeros } from '../tensor/create.ts';
import type { Random } from '../tensor/random.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { mul, neg } from './arithmetic.ts';
import { beforeEpilogue, checkEpilogue } from './elementwise.ts';
import { broadcastTo, expandDims, reshape, squeeze, sumTo } from './movement.ts';
import { floats, floatType, mapWith } from './operands.ts';
import { logSoftmax, sum } from './reductions.ts';
import { record } from './tape.ts';

/** A matrix whose transpose lies row-major in memory is read there, with the flag turned; anything else row-major. */
function operand(op: string, t: Tensor, transposed: boolean): [data: FloatArray, transposed: boolean] {
  const [rows] = t.shape as [number, number];
  const strides = t.viewStrides;
  if (strides !== null && strides[0] === 1 && strides[1] === rows) {
    t.check(op);
    const array = t.storage.array as FloatArray;
    return [t.offset === 0 ? array : (partOf(t.storage, t.offset, t.storage.length) as FloatArray), !transposed];
  }
  return [floats(op, t), transposed];
}

/**
 * op(A)·op(B), where op transposes the last two axes if asked. Vectors and batch axes as in NumPy: a vector counts as a
 * row on the left and a column on the right; axes before the last two broadcast. Adds over the inner axis in order.
 *
 * @example
 * const a = tensor([[1, 2], [3, 4]]);
 * matmul(a, tensor([[1, 0], [1, 1]])); // [[3. 2.] [7. 4.]]
 * matmul(a, tensor([1, 10])); // [21. 43.]
 * matmul(zeros([8, 5, 16]), zeros([8, 7, 16]), false, true).shape; // [ 8, 5, 7 ]
 */
export function matmul(a: Tensor, b: Tensor, transA = false, transB = false): Tensor {
  const dtype = floatType('matmul', a, b);
  if (typeof transA === 'object') throw new ValueError('matmul', 'transA', 'true or false by itself', transA);
  if (a.rank === 0 || b.rank === 0) throw new ShapeError('matmul', [a.shape, b.shape], 'needs at least one axis');
  const p = a.shape;
  const q = b.shape;
  const [m, k] = a.rank === 1 ? [1, p[0]!] : transA ? [p.at(-1)!, p.at(-2)!] : [p.at(-2)!, p.at(-1)!];
  const [k2, n] = b.rank === 1 ? [q[0]!, 1] : transB ? [q.at(-1)!, q.at(-2)!] : [q.at(-2)!, q.at(-1)!];
  if (k !== k2) throw new ShapeError('matmul', [p, q], `inner sizes ${k} and ${k2} differ`, 'Transpose one operand?');
  if (a.rank === 1) return squeeze(matmul(expandDims(a, 0), b, false, transB), -2 + Number(b.rank === 1));
  if (b.rank === 1) return squeeze(matmul(a, expandDims(b, 1), transA, false), -1);
  if (a.rank > 2 || b.rank > 2) return batched(a, b, transA, transB, m, n, k);
  const c = empty([m, n], dtype, size('matmul', [m, n]));
  const [left, ta] = operand('matmul', a, transA);
  const [right, tb] = operand('matmul', b, transB);
  kernelsFor(dtype).gemm(m, n, k, left, ta, right, tb, null, 'linear', c.storage.array as FloatArray);
  return record('matmul', c, ...edges(a, b, transA, transB));
}

/** dA = G·Bᵀ and dB = Aᵀ·G, in the four transposed forms, summed over broadcast batch axes. */
function edges(a: Tensor, b: Tensor, transA: boolean, transB: boolean) {
  return [
    [a, (g: Tensor) => sumTo(transA ? matmul(b, g, transB, true) : matmul(g, b, false, !transB), a.shape)],
    [b, (g: Tensor) => sumTo(transB ? matmul(g, a, true, transA) : matmul(a, g, !transA, false), b.shape)],
  ] as const;
}

function batched(a: Tensor, b: Tensor, transA: boolean, transB: boolean, m: number, n: number, k: number): Tensor {
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  let shape: Shape;
  try {
    shape = broadcastShapes('matmul', batchA, batchB);
  } catch {
    throw new ShapeError('matmul', [a.shape, b.shape], 'the axes before the last two do not broadcast');
  }
  const batch = elementsOf(shape);
  // One shared matrix has stride 0; any other broadcast is written out.
  const whole = (t: Tensor, own: readonly number[]): [FloatArray, number] => {
    const matrix = t.shape.slice(-2);
    if (own.every((length) => length === 1)) return [floats('matmul', t), 0];
    const full = sameShape(own, shape) ? t : broadcastTo(t, [...shape, ...matrix]);
    return [floats('matmul', full), matrix[0]! * matrix[1]!];
  };
  const product = [...shape, m, n];
  const c = empty(product, a.dtype, size('matmul', product));
  const [p, strideA] = whole(a, batchA);
  const [q, strideB] = whole(b, batchB);
  const out = c.storage.array as FloatArray;
  kernelsFor(a.dtype).gemmStridedBatched(batch, m, n, k, p, strideA, transA, q, strideB, transB, out);
  return record('matmul', c, ...edges(a, b, transA, transB));
}

/**
 * A dense layer: activation(x·weights + bias), x [..., inputs], weights [inputs, units], bias [units] or null. Equals
 * relu(add(matmul(x, weights), bias)) to the bit, in one pass over the output.
 *
 * @example
 * const weights = tensor([[1, -1], [2, 0]]);
 * dense(tensor([[3, 4]]), weights, tensor([0.5, 1])); // [[11.5 -2. ]]
 * dense(tensor([[3, 4]]), weights, tensor([0.5, 1]), 'relu'); // [[11.5 0. ]]
 */
export function dense(x: Tensor, weights: Tensor, bias: Tensor | null, activation: Epilogue = 'linear'): Tensor {
  const dtype = bias === null ? floatType('dense', x, weights) : floatType('dense', x, weights, bias);
  if (weights.rank !== 2 || x.rank === 0)
    throw new ShapeError('dense', [x.shape, weights.shape], 'weights must be a matrix');
  const [k, n] = weights.shape as [number, number];
  if (x.shape.at(-1) !== k) {
    const text = `inputs have ${x.shape.at(-1)} features but weights expect ${k}`;
    throw new ShapeError('dense', [x.shape, weights.shape], text);
  }
  if (bias !== null && !sameShape(bias.shape, [n])) {
    throw new ShapeError('dense', [bias.shape, weights.shape], `the bias must have shape [${n}]`);
  }
  checkEpilogue('dense', activation);
  const rows = x.shape.slice(0, -1);
  const m = elementsOf(rows);
  if (x.rank !== 2) return reshape(dense(reshape(x, [m, k]), weights, bias, activation), [...rows, n]);
  const y = empty([m, n], dtype, size('dense', [m, n]));
  const b = bias === null ? null : floats('dense', bias);
  const [w, transW] = operand('dense', weights, false);
  kernelsFor(dtype).gemm(m, n, k, floats('dense', x), false, w, transW, b, activation, y.storage.array as FloatArray);
  const before = beforeEpilogue(activation, y);
  return record(
    'dense',
    y,
    [x, (g) => matmul(before(g), weights, false, true)], // G·Wᵀ
    [weights, (g) => matmul(x, before(g), true, false)], // Xᵀ·G
    ...(bias === null ? [] : [[bias, (g: Tensor) => sum(before(g), { axis: 0 })] as const]),
  );
}

/**
 * Cross-entropy of each row, -Σⱼ target·log softmax(logits): logits and targets [..., classes], result [...]. Targets
 * are probabilities or one-hot rows. Stable for any logits; terms with target 0 are left out.
 *
 * @example
 * const targets = oneHot(tensor([0, 1], { dtype: 'int32' }), 2);
 * softmaxCrossEntropy(tensor([[0, 0], [-9, 9]]), targets); // [0.6931472 0. ]
 * mean(softmaxCrossEntropy(tensor([[1000, 0], [1000, 0]]), targets)); // 500.0
 */
export function softmaxCrossEntropy(logits: Tensor, targets: Tensor): Tensor {
  const op = 'softmaxCrossEntropy';
  const dtype = floatType(op, logits, targets);
  if (!sameShape(logits.shape, targets.shape) || logits.rank === 0) {
    throw new ShapeError(op, [logits.shape, targets.shape], 'logits and targets must match');
  }
  const n = logits.shape.at(-1)!;
  const loss = empty(logits.shape.slice(0, -1), dtype);
  const p = empty(logits.shape, dtype, logits.size);
  const z = floats(op, logits);
  const t = floats(op, targets);
  const k = kernelsFor(dtype);
  k.softmaxCrossEntropy(loss.size, n, z, t, p.storage.array as FloatArray, loss.storage.array as FloatArray);
  return record(
    op,
    loss,
    [
      logits,
      (g) => {
        const t2 = floats(op, targets);
        const g2 = floats(op, g);
        const dz = mapWith(op, p, (_k, _n, q, to) => k.softmaxCrossEntropyGrad(loss.size, n, q, t2, g2, to));
        return record('softmaxCrossEntropyGrad', dz); // g(pΣt - t)
      },
    ],
    [targets, (g) => neg(mul(logSoftmax(logits), expandDims(g, -1)))],
  );
}

/**
 * Inverted dropout (Srivastava et al. 2014, section 10): each element is 0 with probability `rate`, else divided by
 * 1 - rate, so that its expectation stays. One draw from `random`. Rate 0 returns x, rate 1 zeros.
 *
 * @example
 * dropout(ones([8]), 0.5, new Random(1)); // [2. 0. 2. 0. 2. 2. 0. 0.]
 */
export function dropout(x: Tensor, rate: number, random: Random): Tensor {
  checkRange('dropout', 'rate', rate, 'between 0 and 1');
  floatType('dropout', x);
  x.check('dropout');
  if (rate === 0) return x;
  if (rate === 1) return record('dropout', zeros(x.shape, x.dtype), [x, (g) => zeros(g.shape, g.dtype)]);
  const state = allocateWords(random.state.length);
  eachTime(() => {
    state.array.set(random.state);
    random.step++;
  });
  const apply = (t: Tensor): Tensor =>
    mapWith('dropout', t, (kernels, n, from, to) => kernels.dropout(n, from, rate, state.array, to));
  return record('dropout', apply(x), [x, (g) => record('dropout', apply(g))]); // the same mask, the same scale
}
