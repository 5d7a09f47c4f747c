import type { Convolution } from '../../kernels/interface/convolution.ts';
import { panelsLength } from '../../kernels/packing.ts';
import { ValueError } from '../base/errors.ts';
import { elementsOf } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import { wantedEntries } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import { integersOf } from '../graph/encodings.ts';
import { addInto, convolutionOf, type EmitRows, finishing, ones, type Place, type Site } from './site.ts';

/** Up to so many units a kernel is read as it is: panels have sixteen columns, so they would be mostly padding. */
const FEW_UNITS = 4;

/** A weight; null if the node does not have it. */
export function copied({ weights, packed }: Kerneled, role: string): Place<'float32'> | null {
  const weight = weights[role];
  if (weight === undefined) return null;
  return packed(weight, 'float32', elementsOf(weight.shape), (_, to) => to.set(decodeWeight(weight)!));
}

/** A weight in its integer form, which it has. */
export function copiedBytes({ weights, packed }: Kerneled, role: string): Place<'int8'> {
  const { encoding, shape } = weights[role]!;
  return packed(encoding, 'int8', elementsOf(shape), (_, to) => to.set(integersOf(encoding, shape)!.values));
}

/** The kernel [..., units] as products read it. */
function packedKernel({ node, weights, packed }: Kerneled): Place<'float32'> {
  const kernel = weights.kernel!;
  const units = kernel.shape.at(-1)!;
  const terms = elementsOf(kernel.shape) / Math.max(1, units);
  return packed(`${node.weights.kernel} panels of floats`, 'float32', panelsLength(terms, units), (k, to) =>
    k.packPanels(terms, units, decodeWeight(kernel) as Float32Array, to),
  );
}

/** What a transposed convolution of so many samples is to the convolution that goes from its result to what it reads. */
export function transposedOf({
  node: { attrs },
  inputs: [x],
  output: y,
  weights,
}: Pick<Site<'convTranspose'>, 'node' | 'inputs' | 'output' | 'weights'>): (samples: number) => Convolution {
  const taps = weights.kernel!.shape.slice(0, -2);
  const spatial = y.shape.slice(0, -1);
  const steps: Steps = { strides: attrs.strides, padding: attrs.padding, dilations: ones(spatial) };
  const ends = { channels: y.shape.at(-1)!, units: x.shape.at(-1)!, groups: 1 };
  return (samples) => ({ ...windowOf(samples, spatial, taps, steps), ...ends });
}

type Kerneled = Pick<Site, 'node' | 'weights' | 'packed'>;

/** The steps of operations that compute with real numbers. */
export const REALS: EmitRows<
  'dense' | 'conv' | 'convTranspose' | 'pool' | 'globalPool' | 'add' | 'batchNorm' | 'layerNorm' | 'embedding'
> = {
  dense(site) {
    const {
      node,
      inputs: [x],
      output: y,
    } = site;
    const terms = x.shape.at(-1)!;
    const units = y.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    const isPacked = units > FEW_UNITS;
    const kernel = isPacked ? packedKernel(site) : copied(site, 'kernel')!;
    const bias = copied(site, 'bias');
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, { array: sums }) => {
      const m = samples * rows;
      const added = bias?.array ?? null;
      if (isPacked) k.gemmPanels(m, units, terms, x.real.array, kernel.array, added, epilogue, sums);
      else k.gemm(m, units, terms, x.real.array, false, kernel.array, false, added, epilogue, sums);
    });
  },
  conv(site) {
    const {
      node,
      inputs: [x],
      output: y,
    } = site;
    const isPacked = node.attrs.groups === 1;
    const kernel = isPacked ? packedKernel(site) : copied(site, 'kernel')!;
    const bias = copied(site, 'bias');
    const windows = convolutionOf(site);
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, sums) =>
      k[isPacked ? 'conv2dPanels' : 'conv2d'](
        windows(samples),
        x.real.array,
        kernel.array,
        bias?.array ?? null,
        epilogue,
        sums.array,
      ),
    );
  },
  convTranspose(site) {
    const {
      node,
      inputs: [x],
      output: y,
    } = site;
    const kernel = copied(site, 'kernel')!;
    const bias = copied(site, 'bias');
    const windows = transposedOf(site);
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, sums) =>
      k.conv2dTransposed(windows(samples), x.real.array, kernel.array, bias?.array ?? null, epilogue, sums.array),
    );
  },
  pool({ node, inputs: [x], output: y, step }) {
    const { kind, size, strides, padding } = node.attrs;
    const spatial = x.shape.slice(0, -1);
    const steps: Steps = { strides, padding, dilations: ones(spatial) };
    const kernel = kind === 'max' ? 'maxPool' : 'avgPool';
    step((k, samples) =>
      k[kernel](windowOf(samples, spatial, size, steps), x.shape.at(-1)!, x.real.array, y.real.array),
    );
  },
  globalPool({ node, inputs: [x], output: y, step }) {
    const places = elementsOf(x.shape.slice(0, -1));
    const channels = y.size;
    if (node.attrs.kind === 'max') step((k, samples) => k.max(samples, places, channels, x.real.array, y.real.array));
    else step((k, samples) => k.sum(samples, places, channels, x.real.array, places, y.real.array));
  },
  add({ inputs: [first, ...others], output: y, step }) {
    others.forEach((x, i) => {
      const before = i === 0 ? first : y;
      step((k, samples) => addInto(k, samples * y.size, before.real, x.real, y.real));
    });
  },
  batchNorm(site) {
    const {
      node,
      inputs: [x],
      output: y,
      step,
    } = site;
    const [mean, variance, gamma, beta] = ['mean', 'variance', 'gamma', 'beta'].map((role) => copied(site, role));
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
  layerNorm(site) {
    const {
      node,
      inputs: [x],
      output: { real: y, shape },
      step,
    } = site;
    const length = shape.at(-1)!;
    const rows = elementsOf(shape.slice(0, -1));
    step((k, samples) => k.standardize(samples * rows, length, x.real.array, node.attrs.epsilon, y.array));
    for (const [role, op] of [
      ['gamma', 'mul'],
      ['beta', 'add'],
    ] as const) {
      const own = copied(site, role);
      if (own !== null)
        step((k, samples) => k[op](samples * rows, length, y.array, length, 1, own.array, 0, 1, y.array));
    }
  },
  embedding(site) {
    const {
      inputs: [x],
      output: y,
      step,
    } = site;
    const [entries, units] = site.weights.embeddings!.shape as [number, number];
    const table = y.format === null ? copied(site, 'embeddings')! : copiedBytes(site, 'embeddings');
    site.check((numbers, samples) => {
      for (let i = 0; i < samples * x.size; i++)
        if (!(numbers[i]! >= 0 && numbers[i]! < entries)) {
          const where = `sample ${Math.floor(i / x.size)} of input "${x.name}"`;
          throw new ValueError('run', where, wantedEntries(entries), numbers[i]);
        }
    });
    step((k, samples) =>
      k.gather<Float32Array | Int8Array>(
        1,
        entries,
        units,
        samples * x.size,
        table.array,
        x.integers.array,
        y.numbers.array,
      ),
    );
  },
};
