import { checkFlag, DTypeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { inputsFor } from '../compress/observe.ts';
import { networkOf } from '../compress/passes.ts';
import { LINEAR } from '../graph/activation.ts';
import { floatsOf, valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { nodeOf } from '../graph/rewrite.ts';
import { tapped } from '../graph/taps.ts';
import type { Model } from '../nn/model.ts';
import type { Data } from '../nn/samples.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { measured } from './calibrate.ts';
import {
  AT_ONCE,
  namesOfSums,
  Observer,
  type Range,
  type RangeChoice,
  type RangeMethod,
  rangeMethod,
} from './ranges.ts';

const OP = 'observeRanges';

export interface ObserveOptions {
  /** How ranges come from the numbers. Default `auto`. */
  readonly ranges?: RangeChoice;
  /** A range for each index of the last axis. Default false: one for a value. */
  readonly perChannel?: boolean;
}

/** A value, or a channel of it. */
interface Watched {
  readonly name: string;
  readonly channel: number | null;
  /** Channels of the value. */
  readonly of: number;
}

/**
 * From where to where each value of a network reaches on samples, by name: of inputs of real numbers and of all nodes, in
 * order. Of a product with an activation that is no relu the sums before it are a value too, `<node>/sums`, which `fixed` and
 * the rule `multiplier` hold in int8. `quantize` takes the result as `ranges`, and needs no samples then. int8 values count as
 * the real numbers that they stand for. Throws ValueError, which names the value, for numbers that are not finite.
 *
 * @example
 * observeRanges(model, tensor([[0, 1, -2, 3]])).get('input'); // { low: -2, high: 3 }
 * const network = quantize(model, { ranges: observeRanges(model, x) }); // where samples are no longer at hand
 */
export function observeRanges(
  subject: Model | Graph<Stored>,
  samples: Data,
  options: ObserveOptions & { readonly perChannel: true },
): Map<string, Range[]>;
export function observeRanges(
  subject: Model | Graph<Stored>,
  samples: Data,
  options?: ObserveOptions & { readonly perChannel?: false },
): Map<string, Range>;
export function observeRanges(
  subject: Model | Graph<Stored>,
  samples: Data,
  options: ObserveOptions = {},
): Map<string, Range[]> | Map<string, Range> {
  checkOptions(OP, options, 'ranges perChannel');
  const { ranges = 'auto', perChannel = false } = options;
  checkFlag(OP, 'perChannel', perChannel);
  const method = rangeMethod(OP, ranges);
  const network = networkOf(OP, subject);
  if (floatsOf(network) === 'float64') throw new DTypeError(OP, ['float64'], 'needs a float32 model');
  const xs = inputsFor(OP, network, samples);
  const whole = withSums(network);
  const watched = watchedIn(whole, perChannel);
  const found = new Map<string, Range[]>(watched.map(({ name }) => [name, []]));
  for (let from = 0; from < watched.length; from += AT_ONCE) {
    const part = watched.slice(from, from + AT_ONCE);
    rangesOf(whole, xs, method, part).forEach((range, i) => {
      found.get(part[i]!.name)!.push(range);
    });
  }
  return perChannel ? found : new Map([...found].map(([name, [range]]) => [name, range!]));
}

/** The network with the sums of `namesOfSums` as values before their activations. */
function withSums(network: Graph<Stored>): Graph<Stored> {
  const sums = namesOfSums(network);
  const nodes = network.nodes.flatMap((node): Node[] => {
    const name = sums.get(node.name);
    if (name === undefined) return [node];
    const product = { ...node, name, attrs: { ...node.attrs, activation: LINEAR } } as Node;
    return [product, nodeOf('activation', node.name, [name], { activation: activationIn(node)! })];
  });
  return { ...network, nodes };
}

/** Every value of real numbers, or each of its channels. */
function watchedIn(network: Graph<Stored>, perChannel: boolean): Watched[] {
  return [...valuesOf(network)].flatMap(([name, { shape, dtype }]): Watched[] => {
    if (dtype !== 'float32') return [];
    const of = shape.at(-1) ?? 1;
    if (!perChannel) return [{ name, channel: null, of }];
    return Array.from({ length: of }, (_, channel) => ({ name, channel, of }));
  });
}

/** The ranges of these, in one run. */
function rangesOf(
  network: Graph<Stored>,
  samples: readonly Tensor[],
  method: RangeMethod,
  watched: readonly Watched[],
): Range[] {
  const observers = watched.map(() => new Observer(method));
  const byName = new Map<string, number[]>();
  watched.forEach(({ name }, i) => {
    byName.set(name, [...(byName.get(name) ?? []), i]);
  });
  const names = [...byName.keys()];
  const graph = tapped(network, names);
  measured(
    graph,
    graph.outputs,
    samples,
    method.batchSize,
    (_, values, at) => {
      const name = names[at]!;
      const wrong = values.find((value) => !Number.isFinite(value));
      if (wrong !== undefined) throw new ValueError(OP, `the numbers of "${name}"`, 'finite', wrong);
      for (const i of byName.get(name)!) observers[i]!.see(numbersOf(values, watched[i]!));
    },
    OP,
  );
  return observers.map((observer) => observer.range());
}

/** The numbers of a channel. */
function numbersOf(values: Float32Array, { channel, of }: Watched): Float32Array {
  if (channel === null) return values;
  return Float32Array.from({ length: values.length / of }, (_, i) => values[i * of + channel]!);
}
