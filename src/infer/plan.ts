import { elementsOf } from '../base/shape.ts';
import type { Shaped, Value } from '../graph/check.ts';
import type { Format, Memory } from '../graph/fact.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';

/** A stretch of memory that values of one type take turns in. */
export interface Slot {
  readonly type: 'float32' | 'int8' | 'int32';
  /** Numbers a sample: as many as the longest value has. */
  length: number;
}

export interface Placement {
  /** The slot of each value, by name. */
  readonly slotOf: ReadonlyMap<string, Slot>;
  readonly slots: readonly Slot[];
}

/**
 * Where each value of a run lies: a slot is free again after the last node that reads its value. What moves nothing
 * (flatten, dropout) stays where its input is, and what works number by number is written over an input that nobody
 * reads afterwards.
 */
export function placed(graph: Graph<Shaped>, values: ReadonlyMap<string, Value>): Placement {
  const last = lastReaders(graph);
  const slots: Slot[] = [];
  const slotOf = new Map<string, Slot>();
  const free = new Set<Slot>();
  /** The index of the last node that reads what is in a slot now. */
  const wantedUntil = new Map<Slot, number>();

  const typeOf = (name: string): Slot['type'] => {
    const { dtype, format } = values.get(name)!;
    return format !== null ? 'int8' : dtype === 'int32' ? 'int32' : 'float32';
  };
  const take = (name: string): void => {
    const type = typeOf(name);
    const length = elementsOf(values.get(name)!.shape);
    const waste = (slot: Slot): number => Math.abs(slot.length - length);
    // The tightest that is long enough, else the longest, made longer
    const order = [...free]
      .filter((slot) => slot.type === type)
      .sort((p, q) => Number(p.length < length) - Number(q.length < length) || waste(p) - waste(q));
    const slot = order[0] ?? { type, length };
    if (order.length === 0) slots.push(slot);
    free.delete(slot);
    slot.length = Math.max(slot.length, length);
    put(name, slot);
  };
  const put = (name: string, slot: Slot): void => {
    slotOf.set(name, slot);
    wantedUntil.set(slot, Math.max(wantedUntil.get(slot) ?? -1, last.get(name) ?? -1));
  };
  const release = (slot: Slot, now: number): void => {
    if (wantedUntil.get(slot)! > now) return;
    wantedUntil.delete(slot);
    free.add(slot);
  };

  for (const { name } of graph.inputs) take(name);
  for (const { name } of graph.inputs) release(slotOf.get(name)!, -1);
  graph.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((name) => slotOf.get(name)!);
    const [first, ...others] = inputs as [Slot, ...Slot[]];
    const [read] = node.inputs.map((name) => values.get(name)!.format);
    const memory = memoryOf(node, read!);
    const mayOverwrite = memory === 'in place' && wantedUntil.get(first)! <= i && !others.includes(first);
    if (memory === 'view' || (mayOverwrite && first.type === typeOf(node.name))) put(node.name, first);
    else take(node.name);
    for (const slot of new Set([...inputs, slotOf.get(node.name)!])) release(slot, i);
  });
  return { slotOf, slots };
}

const memoryOf = (node: Node, read: Format): Memory => factsOf(node).memory(node.attrs, node.format, read);

/** For each value the index of the last node that reads it; Infinity for what the network gives. */
function lastReaders({ nodes, outputs }: Graph<Shaped>): Map<string, number> {
  const last = new Map<string, number>();
  nodes.forEach(({ inputs }, i) => {
    for (const name of inputs) last.set(name, i);
  });
  for (const output of outputs) last.set(output, Infinity);
  return last;
}
