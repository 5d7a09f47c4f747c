import { elementsOf } from '../base/shape.ts';
import { sameFormat } from '../graph/fact.ts';
import { isIdle } from '../graph/facts.ts';
import type { Op } from '../graph/graph.ts';
import { IMAGE_EMIT } from './emit-images.ts';
import { inFormat, integerAdd, integerDense, toReal } from './emit-integers.ts';
import { activating, addInto, type EmitRows, finishing, nothing, type Place, refuse, type Site } from './site.ts';

/** The steps of each operation. What a node ends in, its activation, is part of its steps. */
const EMIT: EmitRows<Op> = {
  ...IMAGE_EMIT,
  dense(site) {
    if (site.product === null) realDense(site);
    else integerDense(site, site.product);
  },
  activation({ node, inputs: [x], output, step }) {
    const { activation } = node.attrs;
    if (output.format === null) step(activating(activation, x.shape, x.real, output.real));
  },
  flatten: nothing, // moves nothing in row-major memory
  dropout({ node }) {
    if (!isIdle(node, false)) refuse(node, 'draws numbers, which no program does: predict with the model');
  },
  activityRegularization: nothing,
  add(site) {
    const {
      inputs: [first, ...others],
      output: y,
      step,
    } = site;
    if (y.format !== null) return integerAdd(site);
    others.forEach((x, i) => {
      const before = i === 0 ? first : y;
      step((k, samples) => addInto(k, samples * y.size, before.real, x.real, y.real));
    });
  },
  concat({ inputs, output: y, scratch, step }) {
    const total = y.shape.at(-1)!;
    const rows = elementsOf(y.shape.slice(0, -1));
    let at = 0;
    for (const x of inputs) {
      const width = x.shape.at(-1)!;
      const from = at;
      at += width;
      const isAlike = sameFormat(x.format, y.format);
      const part = isAlike ? x.numbers : scratch('int8', x.size);
      if (!isAlike) step(inFormat(x, y, part as Place<'int8'>, scratch));
      step((k, samples) =>
        k.stridedCopy([samples * rows, width], part.array, 0, [width, 1], y.numbers.array, from, [total, 1]),
      );
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
    step(inFormat(x, y, y.bytes, scratch));
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
