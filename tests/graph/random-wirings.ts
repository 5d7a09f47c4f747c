import { ACTIVATIONS, type ActivationSpec, activationOf } from '../../src/graph/activation.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node, Op } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Draw } from '../kernels/draw.ts';

type Shape = readonly number[];

/** A value that further nodes may read. */
interface Known {
  readonly name: string;
  readonly shape: Shape;
}

/** Most numbers of a value that is drawn. */
const MOST = 400;

const elements = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/**
 * A network of images drawn from a seed, wired at will: convolutions of all kinds, BatchNorms, some of both used twice, pools,
 * changes of size, shuffles, sums, concatenations, parts, and at the end flattened or pooled channels that dense layers read.
 */
export function drawnWiring(seed: number): Network {
  const draw = new Draw(seed);
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  const axes = draw.below(4) === 0 ? 1 : 2;
  const each = <T>(make: (axis: number) => T): T[] => Array.from({ length: axes }, (_, axis) => make(axis));
  const first: Known = { name: 'x', shape: [...each(() => 3 + draw.below(4)), 1 + draw.below(4)] };
  const values: Known[] = [first];
  /** Nodes with weights, for layers that are used again. */
  const layers: Node[] = [];

  const number = (): number => draw.bits() / 2 ** 31 - 1;
  const activation = (): ActivationSpec =>
    activationOf({ name: draw.bool() ? 'linear' : draw.bool() ? 'relu' : draw.pick(ACTIVATIONS) });

  /** The value of one node more; nothing where it does not fit, as the facts tell. */
  const put = <K extends Op>(
    op: K,
    reads: readonly Known[],
    attrs: Attributes[K],
    of: Readonly<Record<string, Shape>> | Node['weights'] = {},
  ): Known | null => {
    const name = `n${nodes.length}`;
    const keys: Record<string, string> = {};
    const own = new Map<string, Stored>();
    for (const [role, given] of Object.entries<Shape | string>(of)) {
      const key = typeof given === 'string' ? given : `${name}/${role}`;
      keys[role] = key;
      const part = typeof given === 'string' ? 1 : elements(given.slice(0, -1));
      const values = typeof given === 'string' ? [] : Array.from({ length: elements(given) }, number);
      const kept = role === 'variance' ? values.map((v) => v * v) : values.map((v) => (2 * v) / Math.sqrt(part));
      if (typeof given === 'string') own.set(key, weights.get(key)!);
      else own.set(key, { shape: given, encoding: { type: 'float32', values: Float32Array.from(kept) }, mask: null });
    }
    const node = nodeOf(
      op,
      name,
      reads.map((x) => x.name),
      attrs,
      { weights: keys },
    );
    const inputs = [...new Set(reads)].map((x) => ({ ...x, dtype: 'float32' as const }));
    try {
      const { shape } = valuesOf({ inputs, nodes: [node], outputs: [name], weights: own }).get(name)!;
      if (elements(shape) > MOST) return null;
      const value = { name, shape };
      nodes.push(node);
      values.push(value);
      for (const [key, weight] of own) weights.set(key, weight);
      if (own.size > 0) layers.push(node);
      return value;
    } catch {
      return null;
    }
  };

  const alike = (x: Known, axis: number): Known =>
    draw.pick(
      values.filter(
        ({ shape }) => shape.length === x.shape.length && shape.slice(0, axis).join() === x.shape.slice(0, axis).join(),
      ),
    );
  const taps = (): number[] => each(() => 1 + draw.below(3));
  const padding = (of: Shape) =>
    draw.pick([
      'same',
      'same',
      'valid',
      each((axis) => [draw.below(of[axis]!), draw.below(of[axis]!)] as const),
    ] as const);
  const strides = (): number[] => each(() => (draw.below(4) === 0 ? 2 : 1));
  const biased = (kernel: Shape, units: number) => (draw.bool() ? { kernel, bias: [units] } : { kernel });

  const conv = (x: Known, groups: number, units: number): void => {
    const size = taps();
    const kernel = [...size, x.shape.at(-1)! / groups, units];
    const attrs = {
      activation: activation(),
      strides: strides(),
      dilations: each(() => 1),
      padding: padding(size),
      groups,
    };
    put('conv', [x], attrs, biased(kernel, units));
  };

  const step = (): void => {
    const x = draw.bool() ? values.at(-1)! : draw.pick(values);
    const n = x.shape.at(-1)!;
    const isImage = x.shape.length === axes + 1;
    switch (isImage ? draw.below(16) : 8 + draw.below(6)) {
      case 0:
      case 1:
        conv(x, 1, draw.pick([2, 4, 6, 8, 12]));
        return;
      case 2:
      case 3:
        conv(x, n, n * (1 + draw.below(3)));
        return;
      case 4: {
        const groups = draw.pick([2, 3].filter((g) => n % g === 0).concat(1));
        conv(x, groups, groups * (1 + draw.below(4)));
        return;
      }
      case 5: {
        const units = 1 + draw.below(6);
        const size = taps();
        const attrs = { activation: activation(), strides: strides(), padding: padding(size) };
        put('convTranspose', [x], attrs, biased([...size, units, n], units));
        return;
      }
      case 6: {
        const size = taps();
        put('pool', [x], { kind: draw.pick(['max', 'average']), size, strides: strides(), padding: padding(size) });
        return;
      }
      case 7:
        if (draw.bool()) put('zeroPad', [x], { widths: each(() => [draw.below(2), draw.below(2)] as const) });
        else put('upsample', [x], { factors: each(() => 1 + draw.below(2)) });
        return;
      case 8: {
        const scales = draw.pick([
          { gamma: [n], beta: [n] },
          { gamma: [n], beta: [n] },
          { gamma: [n] },
          { beta: [n] },
          {},
        ]);
        const attrs = { epsilon: 1e-3, momentum: 0.9, isUnbiased: false };
        put('batchNorm', [x], attrs, { ...scales, mean: [n], variance: [n] });
        return;
      }
      case 9: {
        const layer = layers.length === 0 ? null : draw.pick(layers);
        if (layer !== null) put(layer.op, [x], layer.attrs as never, layer.weights);
        return;
      }
      case 10:
        put('add', [x, ...Array.from({ length: 1 + draw.below(2) }, () => alike(x, x.shape.length))], {});
        return;
      case 11:
        put('concat', [x, alike(x, -1), ...(draw.bool() ? [alike(x, -1)] : [])], {});
        return;
      case 12: {
        const from = draw.below(n);
        put('split', [x], { from, to: from + 1 + draw.below(n - from) });
        return;
      }
      case 13:
        if (draw.below(3) === 0) put('layerNorm', [x], { epsilon: 1e-3 });
        else put('activation', [x], { activation: activation() });
        return;
      default:
        put('channelShuffle', [x], { groups: draw.pick([2, 3, 4].filter((g) => n % g === 0).concat(1)) });
    }
  };
  conv(first, 1, draw.pick([4, 6, 8, 12]));
  for (let i = 6 + draw.below(14); i > 0; i--) step();
  const outputs = Array.from({ length: 1 + draw.below(2) }, (_, i) => {
    const from = values[values.length - 1 - draw.below(Math.min(3, values.length))]!;
    const rows =
      i === 0
        ? put('flatten', [from], {})
        : from.shape.length === 1
          ? from
          : put('globalPool', [from], { kind: 'average' });
    return put('dense', [rows!], { activation: activation() }, { kernel: [rows!.shape.at(-1)!, 3], bias: [3] })!.name;
  });
  return new Network({ inputs: [{ ...first, dtype: 'float32' }], nodes, outputs, weights });
}
