import { LimitError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { ACTIVATION_FACTS, LINEAR } from './activation.ts';
import { type ChannelBook, channelsOf, type Ids, type Part } from './channel-rules.ts';
import { givenOf, type Shaped, valuesOf } from './check.ts';
import { activationIn, type Graph, mapWeights, type Node, type NodeOf, type Op } from './graph.ts';

/** A slice of a weight for each channel along an axis, counted from the end. */
interface Tie {
  readonly key: string;
  readonly axis: number;
  readonly ids: Ids;
  readonly part: Part;
}

/** The numbers of a weight at an index of an axis, counted from the end. */
export interface Slice {
  readonly key: string;
  readonly axis: number;
  readonly index: number;
  readonly part: Part;
}

/** Where in a weight the numbers at an index of an axis are, which is counted from the end. */
export function placesAt(shape: Shape, axis: number, index: number): Int32Array {
  const n = shape.at(axis) ?? 1;
  const inner = elementsOf(shape.slice(shape.length + axis + 1));
  const places = new Int32Array(elementsOf(shape) / n);
  for (let i = 0; i < places.length; i++) places[i] = (Math.floor(i / inner) * n + index) * inner + (i % inner);
  return places;
}

/** Of all inputs and layers of a network: more would take gigabytes. */
const MOST_CHANNELS = 2 ** 21;

/**
 * Which channels of a network can only go together (the dependency graph of Fang et al. 2023, arXiv 2301.12900, as sets
 * of channels). Each channel of each value has a number; an operation says which numbers its result has (channel-rules.ts).
 * Numbers that meet in a sum are one set. A set is removed by removing its slices from all weights tied to it.
 */
export class Channels {
  /** The channels of each value, by name. */
  readonly ids: ReadonlyMap<string, Ids>;
  /** The channels that a node makes of its own, by the node's name. */
  readonly makers: ReadonlyMap<string, Ids>;
  private readonly parent: number[] = [];
  /** Why a set stays, and the value for which it does. */
  private readonly reasons = new Map<number, readonly [why: string, value: string | null]>();
  private readonly ties: Tie[] = [];
  /** The first tie of a key and axis. */
  private readonly tied = new Map<string, Tie>();
  private readonly lifted: number[] = [];

  constructor(graph: Graph<Shaped>) {
    const values = valuesOf(graph);
    const ids = new Map<string, Ids>();
    const makers = new Map<string, Ids>();
    for (const { name, shape } of graph.inputs)
      ids.set(name, this.fixed(this.fresh(shape.at(-1) ?? 1), 'an input', name));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((name) => ids.get(name)!);
      const given = givenOf(
        graph,
        node,
        node.inputs.map((name) => values.get(name)!),
      );
      const own = channelsOf(node).made(
        this.bookFor(graph, (made) => makers.set(node.name, made)),
        given,
        inputs,
      );
      const { name } = activationIn(node) ?? LINEAR;
      const { isElementwise, liftsZero } = ACTIVATION_FACTS[name];
      ids.set(node.name, isElementwise ? own : this.fixed(own, `the ${name} of ${node.name} ties them together`));
      if (liftsZero) for (const id of own) this.lifted.push(id);
    }
    for (const output of graph.outputs) this.fixed(ids.get(output)!, 'an output', output);
    this.ids = ids;
    this.makers = makers;
  }

  /** The set that a channel belongs to. */
  setOf(id: number): number {
    let at = id;
    while (this.parent[at] !== at) {
      const above = this.parent[this.parent[at]!]!;
      this.parent[at] = above;
      at = above;
    }
    return at;
  }

  /** Why channels of a set have to stay, those that the node `own` makes; null if they may go. */
  whyFixed(set: number, own: string): string | null {
    const [why, value] = this.reasons.get(set) ?? [null, null];
    if (value === null) return why;
    return value === own ? `it is ${why}` : `they go with those of ${value}, ${why}`;
  }

  /**
   * The sets that may go, with the slices of weights that go with them, each once for what it does there. Statistics go with
   * them too, but make nothing: they are not told.
   */
  removable(): Map<number, Slice[]> {
    const found = new Map<number, Slice[]>();
    const seen = new Set<string>();
    for (const { key, axis, ids, part } of this.ties) {
      if (part === 'counts') continue;
      ids.forEach((id, index) => {
        const set = this.setOf(id);
        const name = [part, axis, index, key].join(' ');
        if (this.reasons.has(set) || seen.has(name)) return;
        seen.add(name);
        const slices = found.get(set) ?? [];
        slices.push({ key, axis, index, part });
        found.set(set, slices);
      });
    }
    return found;
  }

  /** Sets whose channels are not 0 where what makes and carries them is: a sigmoid lies between. */
  liftedSets(): ReadonlySet<number> {
    return new Set(this.lifted.map((id) => this.setOf(id)));
  }

  /** Those of `sets`, in their order, that may all go together: what would leave a value without channels stays. */
  together(sets: Iterable<number>, most: (set: number) => boolean = () => true): Set<number> {
    /** How many of a value's channels are of a set, by set. */
    const holders = new Map<number, { readonly value: { left: number }; count: number }[]>();
    for (const ids of this.ids.values()) {
      const value = { left: ids.length };
      for (const id of ids) {
        const set = this.setOf(id);
        const own = holders.get(set) ?? [];
        const last = own.at(-1);
        if (last?.value === value) last.count++;
        else own.push({ value, count: 1 });
        holders.set(set, own);
      }
    }
    const gone = new Set<number>();
    for (const set of sets) {
      const own = holders.get(set) ?? [];
      if (own.some(({ value, count }) => value.left === count) || !most(set)) continue;
      for (const { value, count } of own) value.left -= count;
      gone.add(set);
    }
    return gone;
  }

  /** For each weight and axis, counted from the end, the indices that stay when these sets go. */
  kept(gone: ReadonlySet<number>): Map<string, Map<number, Ids>> {
    const result = new Map<string, Map<number, Ids>>();
    for (const { key, axis, ids } of this.ties) {
      const stay = [...ids.keys()].filter((i) => !gone.has(this.setOf(ids[i]!)));
      const axes = result.get(key) ?? new Map<number, Ids>();
      result.set(key, axes.set(axis, stay));
    }
    return result;
  }

  private fresh(n: number): number[] {
    if (this.parent.length + n > MOST_CHANNELS)
      throw new LimitError('channels', 'the number of channels', this.parent.length + n, MOST_CHANNELS);
    return Array.from({ length: n }, () => this.parent.push(this.parent.length) - 1);
  }

  private join(a: number, b: number): void {
    const from = this.setOf(a);
    const to = this.setOf(b);
    if (from === to) return;
    const why = this.reasons.get(from);
    if (why !== undefined && !this.reasons.has(to)) this.reasons.set(to, why);
    this.parent[from] = to;
  }

  private fixed(ids: Ids, why: string, value: string | null = null): number[] {
    for (const id of ids) {
      const set = this.setOf(id);
      if (!this.reasons.has(set)) this.reasons.set(set, [why, value]);
    }
    return [...ids];
  }

  private tie(key: string | undefined, axis: number, ids: Ids, part: Part): void {
    if (key === undefined) return;
    // A weight that is used twice loses the same slices in both places.
    const before = this.tied.get(`${axis} ${key}`);
    before?.ids.forEach((id, i) => {
      this.join(id, ids[i]!);
    });
    const tie = { key, axis, ids, part };
    this.ties.push(tie);
    if (before === undefined) this.tied.set(`${axis} ${key}`, tie);
  }

  private bookFor(graph: Graph<Shaped>, note: (made: Ids) => void): ChannelBook {
    return {
      makes: (kernel, bias, axis = -1) => {
        const known = this.tied.get(`${axis} ${kernel}`);
        const ids = known === undefined ? this.fresh(graph.weights.get(kernel)!.shape.at(axis)!) : [...known.ids];
        this.tie(kernel, axis, ids, 'makes');
        this.tie(bias, -1, ids, 'carries');
        note(ids);
        return ids;
      },
      tie: (key, axis, ids, part) => this.tie(key, axis, ids, part),
      tied: (first, others) => {
        for (const other of others) {
          other.forEach((id, i) => {
            this.join(first[i]!, id);
          });
        }
        return [...first];
      },
      fixed: (ids, why) => this.fixed(ids, why),
      lifted: (ids) => {
        this.lifted.push(...ids);
        return ids;
      },
      fresh: (n) => this.fresh(n),
    };
  }
}

/** The network without the channels of these sets. `pick` keeps the indices `stay` along an axis of a weight. */
export function withoutChannels<W extends Shaped>(
  graph: Graph<W>,
  channels: Channels,
  gone: ReadonlySet<number>,
  pick: (weight: W, axis: number, stay: Ids) => W,
): Graph<W> {
  const kept = channels.kept(gone);
  const smaller = mapWeights(graph, (weight, key) =>
    [...(kept.get(key) ?? [])].reduce(
      (w, [axis, stay]) => (stay.length === w.shape.at(axis) ? w : pick(w, axis, stay)),
      weight,
    ),
  );
  return { ...smaller, nodes: graph.nodes.map((node) => renumbered(node, channels, gone)) };
}

function renumbered<K extends Op>(node: NodeOf<K>, channels: Channels, gone: ReadonlySet<number>): Node {
  const { renumber } = channelsOf(node);
  const stays = channels.ids.get(node.inputs[0]!)!.map((id) => !gone.has(channels.setOf(id)));
  const attrs = renumber === undefined ? node.attrs : renumber(node.attrs, stays);
  const result: NodeOf<K> = { ...node, attrs };
  return result as Node;
}
