import { StateError } from '../base/errors.ts';
import { elementsOf } from '../base/shape.ts';
import type { Given } from './fact.ts';
import type { Attributes, NodeOf, Op } from './graph.ts';

/** The channels of a value, its last axis: each is a number, and equal numbers are one channel. */
export type Ids = readonly number[];

/** What an operation says about channels. */
export interface ChannelBook {
  /** New channels, made by the last axis of a kernel and of its bias. */
  makes(kernel: string, bias: string | undefined): Ids;
  /** Reads the channels by an axis of the weight, counted from the end. */
  reads(key: string, axis: number, ids: Ids): void;
  /** These go together, one by one. */
  tied(first: Ids, others: readonly Ids[]): Ids;
  /** These must stay, and why. */
  fixed(ids: Ids, why: string): Ids;
  /** New channels that no weight makes. */
  fresh(n: number): Ids;
}

interface ChannelRules<K extends Op> {
  /** Which channels of the result are which of the inputs', and which slices of weights go with them. */
  readonly made: (book: ChannelBook, given: Given<K>, inputs: readonly Ids[]) => Ids;
  /** Attributes that number channels, where `stays` says which of the input's are left. As they are if left out. */
  readonly renumber?: (attrs: Attributes[K], stays: readonly boolean[]) => Attributes[K];
}

const passes = (_: ChannelBook, __: unknown, [ids]: readonly Ids[]): Ids => ids!;
const left = (stays: readonly boolean[]): number => stays.filter(Boolean).length;

/** One row an operation, for structured pruning. What has none here is refused by name. */
export const CHANNELS: { readonly [K in Op]?: ChannelRules<K> } = {
  dense: {
    made: (book, { node: { weights } }, [ids]) => {
      book.reads(weights.kernel!, -2, ids!);
      return book.makes(weights.kernel!, weights.bias);
    },
  },
  activation: { made: passes },
  flatten: {
    made: (_, { inputs: [x] }, [ids]) => Array.from({ length: elementsOf(x!) }, (_, i) => ids![i % ids!.length]!),
  },
  dropout: { made: passes },
  activityRegularization: { made: passes },
  add: { made: (book, _, [first, ...others]) => book.tied(first!, others) },
  concat: { made: (_, __, inputs) => inputs.flat() },
  split: {
    made: (_, { attrs: { from, to } }, [ids]) => ids!.slice(from, to),
    renumber: ({ from, to }, stays) => ({ from: left(stays.slice(0, from)), to: left(stays.slice(0, to)) }),
  },
  quantize: { made: passes },
  dequantize: { made: passes },
  custom: {
    made: (book, { node, attrs }, inputs) => {
      const why = `it is not known how ${node.name} of type ${attrs.type} treats them`;
      for (const ids of inputs) book.fixed(ids, why);
      return book.fixed(book.fresh(attrs.outputShape.at(-1) ?? 1), why);
    },
  },
};

/** The row of a node. Throws StateError, which names it, for an operation that has none. */
export function channelsOf<K extends Op>({ name, op }: NodeOf<K>, asking = 'channels'): ChannelRules<K> {
  const rules: ChannelRules<K> | undefined = CHANNELS[op];
  if (rules !== undefined) return rules;
  const problem = `which channels go together at node "${name}" (${op}) is not known`;
  throw new StateError(asking, `${problem}, so none can be removed from this network; prune() masks single weights`);
}
