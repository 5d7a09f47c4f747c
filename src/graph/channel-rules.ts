import { elementsOf } from '../base/shape.ts';
import type { Given } from './fact.ts';
import type { Attributes, Op } from './graph.ts';

/** The channels of a value, its last axis: each is a number, and equal numbers are one channel. */
export type Ids = readonly number[];

/**
 * What a slice of a weight does with a channel: a kernel's columns make it, a bias carries it, a kernel's rows read it, a
 * running mean counts it. Axes are counted from the end. A weight that is not there is passed over.
 */
export type Part = 'makes' | 'carries' | 'reads' | 'counts';

/** What an operation says about channels. */
export interface ChannelBook {
  /** New channels, made by an axis of a kernel, by default the last, and carried by its bias. */
  makes(kernel: string, bias: string | undefined, axis?: number): Ids;
  /** A slice of the weight for each of the channels. */
  tie(key: string | undefined, axis: number, ids: Ids, part: Part): void;
  /** These go together, one by one. */
  tied(first: Ids, others: readonly Ids[]): Ids;
  /** These must stay, and why. */
  fixed(ids: Ids, why: string): Ids;
  /** What is 0 before is another number behind. */
  lifted(ids: Ids): Ids;
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

/** Whether each group is one channel. */
const areSingle = (groups: number, channels: number): boolean => groups > 1 && groups === channels;

/** The channels of each group go together, the first of all, the second of all, so that groups stay of one size. */
function alike(book: ChannelBook, ids: Ids, groups: number): Ids {
  const n = ids.length / groups;
  const [first, ...others] = Array.from({ length: groups }, (_, g) => ids.slice(g * n, (g + 1) * n));
  return book.tied(first!, others);
}

/** The same channels, with the scales of whole numbers that go with them. */
function withSteps(book: ChannelBook, steps: string | undefined, ids: Ids): Ids {
  book.tie(steps, -1, ids, 'counts');
  return ids;
}

/** One row an operation, for structured pruning: the compiler names the rows that are missing. */
export const CHANNELS: { readonly [K in Op]: ChannelRules<K> } = {
  dense: {
    made: (book, { node: { weights } }, [ids]) => {
      book.tie(weights.kernel, -2, ids!, 'reads');
      return withSteps(book, weights.steps, book.makes(weights.kernel!, weights.bias));
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
  conv: {
    made: (book, { node: { weights }, attrs: { groups }, weights: { kernel } }, [ids]) => {
      const units = kernel!.at(-1)!;
      if (areSingle(groups, ids!.length)) {
        const own = Array.from({ length: units }, (_, j) => ids![Math.floor(j / (units / groups))]!);
        for (const key of [weights.kernel, weights.bias]) book.tie(key, -1, own, 'carries');
        return withSteps(book, weights.steps, own);
      }
      book.tie(weights.kernel, -2, alike(book, ids!, groups), 'reads');
      const made = book.makes(weights.kernel!, weights.bias);
      alike(book, made, groups);
      return withSteps(book, weights.steps, made);
    },
    renumber: (attrs, stays) => (areSingle(attrs.groups, stays.length) ? { ...attrs, groups: left(stays) } : attrs),
  },
  convTranspose: {
    made: (book, { node: { weights } }, [ids]) => {
      book.tie(weights.kernel, -1, ids!, 'reads');
      return book.makes(weights.kernel!, weights.bias, -2);
    },
  },
  pool: { made: passes },
  globalPool: { made: passes },
  zeroPad: { made: passes },
  upsample: { made: passes },
  channelShuffle: {
    made: (book, { attrs: { groups } }, [ids]) => {
      const n = ids!.length / groups;
      alike(book, ids!, groups);
      return ids!.map((_, i) => ids![(i % groups) * n + Math.floor(i / groups)]!);
    },
  },
  batchNorm: {
    made: (book, { node: { weights } }, [ids]) => {
      for (const key of [weights.gamma, weights.beta]) book.tie(key, -1, ids!, 'carries');
      for (const key of [weights.mean, weights.variance]) book.tie(key, -1, ids!, 'counts');
      // Where gamma is 0, beta is all that is left
      return weights.gamma === undefined ? book.lifted(ids!) : ids!;
    },
  },
  layerNorm: { made: (book, { node: { name } }, [ids]) => book.fixed(ids!, `${name} normalizes them together`) },
  embedding: { made: (book, { node: { weights } }) => book.makes(weights.embeddings!, undefined) },
  fakeQuantize: { made: passes },
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

/** The row of a node. */
export const channelsOf = <K extends Op>({ op }: { readonly op: K }): ChannelRules<K> => CHANNELS[op];
