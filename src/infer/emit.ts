import type { Kernels } from '../../kernels/kernels.ts';
import { elementsOf } from '../base/shape.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { sameFormat } from '../graph/fact.ts';
import { isIdle } from '../graph/facts.ts';
import type { Op } from '../graph/graph.ts';
import { columnScales, foldedBias, type IntegerProduct } from '../graph/integers.ts';
import { IMAGE_EMIT } from './emit-images.ts';
import { activating, type EmitRows, finishing, nothing, type Operand, type Place, refuse, type Site } from './site.ts';

/** The steps of each operation. What a node ends in, its activation, is part of its steps. */
const EMIT: EmitRows<Op> = {
  ...IMAGE_EMIT,
  dense(site) {
    if (site.product === null) realDense(site);
    else integerDense(site, site.product);
  },
  activation({ node, inputs: [x], output, step }) {
    const { activation } = node.attrs;
    step(activating(activation, x.shape, x.real, output.real));
  },
  flatten: nothing, // moves nothing in row-major memory
  dropout({ node }) {
    if (!isIdle(node, false)) refuse(node, 'draws numbers, which no program does: predict with the model');
  },
  activityRegularization: nothing,
  add({ inputs, output: y, scratch, step }) {
    const [first, ...others] = inputs;
    if (y.format === null) {
      others.forEach((x, i) => {
        const before = i === 0 ? first : y;
        step((k, samples) => addInto(k, samples * y.size, before.real, x.real, y.real));
      });
      return;
    }
    const sum = scratch('float32', y.size, 0);
    const term = scratch('float32', y.size, 1);
    step((k, samples) => toReal(k, samples, first, sum));
    for (const x of others) {
      step((k, samples) => {
        toReal(k, samples, x, term);
        addInto(k, samples * y.size, sum, term, sum);
      });
    }
    step((k, samples) => toBytes(k, samples, sum, y, y.bytes));
  },
  concat({ inputs, output: y, scratch, step }) {
    const total = y.shape.at(-1)!;
    const rows = elementsOf(y.shape.slice(0, -1));
    let at = 0;
    for (const x of inputs) {
      const width = x.shape.at(-1)!;
      const from = at;
      at += width;
      const part = (k: Kernels, samples: number, source: Place<'float32' | 'int8'>): void =>
        k.stridedCopy([samples * rows, width], source.array, 0, [width, 1], y.numbers.array, from, [total, 1]);
      if (sameFormat(x.format, y.format)) step((k, samples) => part(k, samples, x.numbers));
      else {
        const real = scratch('float32', x.size);
        const bytes = scratch('int8', x.size);
        step((k, samples) => {
          toReal(k, samples, x, real);
          toBytes(k, samples, real, { ...y, size: x.size }, bytes);
          part(k, samples, bytes);
        });
      }
    }
  },
  split({ node, inputs: [x], output: y, step }) {
    const { from, to } = node.attrs;
    const total = x.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    const width = to - from;
    step((k, samples) =>
      k.stridedCopy([samples * rows, width], x.numbers.array, from, [total, 1], y.numbers.array, 0, [width, 1]),
    );
  },
  batchNorm({ node, inputs: [x], output: y, weight, step }) {
    const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map(weight);
    const channels = y.shape.at(-1)!;
    const rows = elementsOf(y.shape.slice(0, -1));
    step((k, samples) =>
      k.batchNorm(
        samples * rows,
        channels,
        x.real.array,
        mean!.array,
        variance!.array,
        gamma?.array ?? null,
        beta?.array ?? null,
        node.attrs.epsilon,
        y.real.array,
      ),
    );
  },
  layerNorm({ node, inputs: [x], output: { real: y, shape }, weight, step }) {
    const length = shape.at(-1)!;
    const rows = elementsOf(shape.slice(0, -1));
    step((k, samples) => k.standardize(samples * rows, length, x.real.array, node.attrs.epsilon, y.array));
    for (const [role, op] of [
      ['gamma', 'mul'],
      ['beta', 'add'],
    ] as const) {
      const own = weight(role);
      if (own !== null)
        step((k, samples) => k[op](samples * rows, length, y.array, length, 1, own.array, 0, 1, y.array));
    }
  },
  embedding({ inputs: [x], output: y, shapes, weight, step }) {
    const [entries, units] = shapes.embeddings as [number, number];
    const table = weight('embeddings')!;
    step((k, samples) =>
      k.gather<Float32Array>(1, entries, units, samples * x.size, table.array, x.integers.array, y.real.array),
    );
  },
  quantize({ inputs: [x], output: y, scratch, step }) {
    if (x.format === null) return step((k, samples) => toBytes(k, samples, x.real, y, y.bytes));
    const real = scratch('float32', x.size);
    step((k, samples) => {
      toReal(k, samples, x, real);
      toBytes(k, samples, real, y, y.bytes);
    });
  },
  dequantize({ inputs: [x], output: y, step }) {
    step((k, samples) => toReal(k, samples, x, y.real));
  },
  custom({ node }) {
    refuse(node, 'is code, which only training knows');
  },
};

/** Writes down the steps of a node. Throws StateError, which names it, for one that has none. */
export const emit = <K extends Op>(site: Site<K>): void => EMIT[site.node.op](site);

function realDense({ node, inputs: [x], output: y, weight, panels, scratch, step }: Site<'dense'>): void {
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = panels('kernel');
  const bias = weight('bias');
  const { activation } = node.attrs;
  finishing(activation, y, { scratch, step }, (k, samples, epilogue, { array: sums }) =>
    k.gemmPanels(samples * rows, units, terms, x.real.array, kernel.array, bias?.array ?? null, epilogue, sums),
  );
}

function integerDense(
  { node, inputs: [x], output: y, packed, constants, scratch, step }: Site<'dense'>,
  product: IntegerProduct,
): void {
  const terms = x.shape.at(-1)!;
  const units = y.shape.at(-1)!;
  const rows = elementsOf(x.shape.slice(0, -1));
  const kernel = packed(product.kernel);
  const bias = constants('int32', foldedBias(product));
  const scales = constants('float32', columnScales(product));
  const sums = scratch('int32', y.size);
  const { activation } = node.attrs;
  step((k, samples) => k.gemmInt8(samples * rows, units, terms, x.bytes.array, kernel.array, sums.array));
  if (y.format === null) {
    const real = ACTIVATION_FACTS[activation.name].isElementwise ? y.real : scratch('float32', y.size);
    step((k, samples) => k.dequantizeColumns(samples * rows, units, sums.array, bias.array, scales.array, real.array));
    if (activation.name !== 'linear') step(activating(activation, y.shape, real, y.real));
  } else {
    const { zeroPoint } = y.format;
    const low = activation.name === 'relu' ? zeroPoint : -128;
    step((k, samples) =>
      k.requantize(samples * rows, units, sums.array, bias.array, scales.array, zeroPoint, low, 127, y.bytes.array),
    );
  }
}

const addInto = (k: Kernels, n: number, a: Place<'float32'>, b: Place<'float32'>, c: Place<'float32'>): void =>
  k.add(1, n, a.array, n, 1, b.array, n, 1, c.array);

function toReal(k: Kernels, samples: number, { size, format, bytes }: Operand, y: Place<'float32'>): void {
  const { scale, zeroPoint } = format!;
  k.dequantize(samples * size, bytes.array, scale, zeroPoint, y.array);
}

function toBytes(
  k: Kernels,
  samples: number,
  x: Place<'float32'>,
  { size, format }: Pick<Operand, 'size' | 'format'>,
  y: Place<'int8'>,
): void {
  const { scale, zeroPoint } = format!;
  k.quantize(samples * size, x.array, scale, zeroPoint, y.array);
}
