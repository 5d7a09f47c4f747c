import { elementsOf } from '../base/shape.ts';
import { type Steps, windowOf } from '../base/window.ts';
import { addInto, convolutionOf, type EmitRows, finishing, ones } from './site.ts';

/** Up to so many units a kernel is read as it is: panels have sixteen columns, so they would be mostly padding. */
const FEW_UNITS = 4;

/** The steps of operations that compute with real numbers. */
export const REALS: EmitRows<
  'dense' | 'conv' | 'convTranspose' | 'pool' | 'globalPool' | 'add' | 'batchNorm' | 'layerNorm' | 'embedding'
> = {
  dense({ node, inputs: [x], output: y, sparse, weight, panels, scratch, step }) {
    const terms = x.shape.at(-1)!;
    const units = y.shape.at(-1)!;
    const rows = elementsOf(x.shape.slice(0, -1));
    const isPacked = units > FEW_UNITS;
    const kernel = sparse === null ? (isPacked ? panels('kernel') : weight('kernel')) : null;
    const bias = weight('bias');
    const { activation } = node.attrs;
    finishing(activation, y, { scratch, step }, (k, samples, epilogue, { array: sums }) => {
      const m = samples * rows;
      const added = bias?.array ?? null;
      if (sparse) k.gemmSparse(m, units, terms, x.real.array, ...sparse.real(), added, epilogue, sums);
      else if (isPacked) k.gemmPanels(m, units, terms, x.real.array, kernel!.array, added, epilogue, sums);
      else k.gemm(m, units, terms, x.real.array, false, kernel!.array, false, added, epilogue, sums);
    });
  },
  conv(site) {
    const {
      node,
      inputs: [x],
      output: y,
      sparse,
      weight,
      panels,
    } = site;
    const isPacked = node.attrs.groups === 1;
    const kernel = sparse === null ? (isPacked ? panels('kernel') : weight('kernel')) : null;
    const bias = weight('bias');
    const windows = convolutionOf(site);
    finishing(node.attrs.activation, y, site, (k, samples, epilogue, sums) => {
      const rest = [bias?.array ?? null, epilogue, sums.array] as const;
      if (sparse) k.conv2dSparse(windows(samples), x.real.array, ...sparse.real(), ...rest);
      else k[isPacked ? 'conv2dPanels' : 'conv2d'](windows(samples), x.real.array, kernel!.array, ...rest);
    });
  },
  convTranspose({ node, inputs: [x], output: y, weight, shapes, ...site }) {
    const { activation, strides, padding } = node.attrs;
    const kernel = weight('kernel')!;
    const bias = weight('bias');
    const taps = shapes.kernel!.slice(0, -2);
    const spatial = y.shape.slice(0, -1);
    const steps: Steps = { strides, padding, dilations: ones(spatial) };
    // As the convolution sees it that goes from the result to what is read
    const ends = { channels: y.shape.at(-1)!, units: x.shape.at(-1)!, groups: 1 };
    finishing(activation, y, site, (k, samples, epilogue, sums) => {
      const s = { ...windowOf(samples, spatial, taps, steps), ...ends };
      k.conv2dTransposed(s, x.real.array, kernel.array, bias?.array ?? null, epilogue, sums.array);
    });
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
};
