import { ACTIVATIONS, type ActivationSpec, activationOf } from '../../src/graph/activation.ts';
import { valuesOf } from '../../src/graph/check.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Attributes, Node, Op } from '../../src/graph/graph.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { Draw } from '../kernels/draw.ts';

type Shape = readonly number[];

const elements = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

/** Most numbers of a value that is drawn. */
const MOST = 600;

/**
 * A network drawn from a seed: convolutions, some of them shared, pools and changes of size of one image or sequence, sums of
 * values that happen to be alike, and at the end channels for a dense layer.
 */
export function drawnImages(seed: number): Network {
  const draw = new Draw(seed);
  const axes = draw.bool() ? 2 : 1;
  const nodes: Node[] = [];
  const weights = new Map<string, Stored>();
  const start = [...Array.from({ length: axes }, () => 3 + draw.below(7)), 1 + draw.below(6)];
  const inputs = [{ name: 'input', shape: start, dtype: 'float32' }] as const;
  let shape: Shape = start;
  let last = 'input';
  const shapes = new Map<string, Shape>([[last, shape]]);

  const each = <T>(make: (axis: number) => T): T[] => Array.from({ length: axes }, (_, axis) => make(axis));
  const activation = (): ActivationSpec => activationOf({ name: draw.bool() ? 'relu' : draw.pick(ACTIVATIONS) });
  const store = (key: string, of: Shape): string => {
    const values = Float32Array.from({ length: elements(of) }, () => draw.bits() / 2 ** 31 - 1);
    weights.set(key, { shape: of, encoding: { type: 'float32', values }, mask: null });
    return key;
  };
  /** Adds the node unless it does not fit: drawn sizes are asked of the facts. */
  const put = <K extends Op>(
    op: K,
    attrs: Attributes[K],
    of: Readonly<Record<string, Shape>> = {},
    more: readonly string[] = [],
  ): void => {
    const name = `n${nodes.length}`;
    const keys = Object.fromEntries(Object.entries(of).map(([role, own]) => [role, store(`${name}/${role}`, own)]));
    const node = nodeOf(op, name, [last, ...more], attrs, { weights: keys });
    const used = (list: readonly Node[]) => new Set(list.flatMap((one) => Object.values(one.weights)));
    try {
      const now = [...nodes, node];
      const own = new Map([...weights].filter(([key]) => used(now).has(key)));
      const value = valuesOf({ inputs, nodes: now, outputs: [name], weights: own }).get(name)!;
      if (elements(value.shape) > MOST) throw new Error('too large');
      shape = value.shape;
    } catch {
      for (const key of Object.values(keys)) weights.delete(key);
      return;
    }
    nodes.push(node);
    last = name;
    shapes.set(name, shape);
  };
  const padding = (taps: Shape) =>
    draw.pick(['same', 'valid', each((axis) => [draw.below(taps[axis]!), draw.below(taps[axis]!)] as const)] as const);
  const strides = (): number[] => each(() => 1 + draw.below(3));

  for (let i = 3 + draw.below(7); i > 0 && shape.length === axes + 1; i--) {
    const channels = shape.at(-1)!;
    const taps = each(() => 1 + draw.below(4));
    switch (draw.below(9)) {
      case 0:
      case 1:
      case 2: {
        const groups = draw.pick([1, 1, channels, channels % 2 === 0 ? 2 : 1]);
        const units = groups * (1 + draw.below(4));
        const kernel = [...taps, channels / groups, units];
        const dilations = each(() => 1 + draw.below(2));
        const attrs = { activation: activation(), strides: strides(), dilations, padding: padding(taps), groups };
        put('conv', attrs, draw.bool() ? { kernel, bias: [units] } : { kernel });
        break;
      }
      case 3: {
        const units = 1 + draw.below(4);
        const kernel = [...taps, units, channels];
        const attrs = { activation: activation(), strides: strides(), padding: padding(taps) };
        put('convTranspose', attrs, draw.bool() ? { kernel, bias: [units] } : { kernel });
        break;
      }
      case 4:
        put('pool', { kind: draw.pick(['max', 'average']), size: taps, strides: strides(), padding: padding(taps) });
        break;
      case 5:
        put('zeroPad', { widths: each(() => [draw.below(3), draw.below(3)] as const) });
        break;
      case 6:
        put('upsample', { factors: each(() => 1 + draw.below(3)) });
        break;
      case 7:
        put('channelShuffle', { groups: draw.pick([1, 2, 3, channels]) });
        break;
      default: {
        const others = [...shapes].filter(([name, own]) => name !== last && own.join() === shape.join());
        if (others.length > 0) put('add', {}, {}, [draw.pick(others)[0]]);
      }
    }
  }
  if (draw.bool()) put('globalPool', { kind: draw.pick(['max', 'average']) });
  put('dense', { activation: activation() }, { kernel: [shape.at(-1)!, 3], bias: [3] });
  return new Network({ inputs, nodes, outputs: [last], weights });
}
