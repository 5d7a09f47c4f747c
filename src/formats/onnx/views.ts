import type { QuantizationParams } from '../../graph/graph.ts';
import type { DataType } from './tensors.ts';

/**
 * How tensors of a file lie in values of a network. ONNX moves axes about, joins and parts them (Transpose, Reshape, Flatten,
 * Squeeze); a network has its channels last and but a `flatten`. So what a file does with axes is written down alone: each axis
 * of a tensor is a list of atoms, runs of positions that stay together, and so is each axis of the value. What computes asks for
 * the value with certain atoms on certain axes.
 */
export class Atom {
  /** NaN for a batch of any size. */
  readonly size: number;
  /** Outer and inner, once something told them apart. */
  parts: readonly [Atom, Atom] | null = null;
  /** Where in the value each position of the tensor's is, if not at the same place. */
  readonly order: Int32Array | null;
  /** Whether it is the samples of a batch, which stay together and apart from all else. */
  readonly isBatch: boolean;

  constructor(size: number, order: Int32Array | null = null, isBatch = false) {
    this.size = size;
    this.order = order;
    this.isBatch = isBatch;
  }
}
export type Axis = readonly Atom[];

/** The axes of a sample of a value; null while nothing has asked for them, which an input's can be: it is made as it is wanted. */
export class Space {
  axes: readonly Axis[] | null;
  /** As the file has them. */
  readonly given: readonly Axis[];

  constructor(axes: readonly Axis[] | null, given: readonly Axis[] = []) {
    this.axes = axes;
    this.given = given;
  }
}

/** Integers of the file: signed and unsigned ones are the same int8 here. */
export interface Integers extends QuantizationParams {
  readonly type: 'int8' | 'uint8';
}

/** A tensor that is computed. */
export interface View {
  readonly kind: 'value';
  /** What the file calls it. */
  readonly name: string;
  /** The value of the network that has its numbers. */
  readonly value: string;
  readonly space: Space;
  /** Its axes, the batch among them. An axis of size 1 has no atoms. */
  readonly dims: readonly Axis[];
  /** What its integers stand for; null for real numbers. */
  readonly format: Integers | null;
  /** The type of an input of integers that nothing has read yet. */
  readonly raw: DataType | null;
}

/** What adds the operations by which values are brought into another form, each giving the name of its value. */
export interface Mover {
  flatten(view: View): string;
  shuffle(view: View, groups: number): string;
  /** Throws where more numbers are made than a file of such a size should need. */
  spend(numbers: number, what: string): void;
}

/** An axis of a size. */
export const axisOf = (size: number): Axis => (size === 1 ? [] : [new Atom(size)]);
export const sizeOf = (axis: Axis): number => axis.reduce((n, { size }) => n * size, 1);
export const shapeOf = ({ dims }: View): number[] => dims.map(sizeOf);
/** Sizes in the words of an error, N for a batch of any size. */
export const sizesText = (sizes: readonly number[]): string =>
  `[${sizes.map((n) => (Number.isNaN(n) ? 'N' : n)).join(', ')}]`;
export const shapeText = (view: View): string => sizesText(shapeOf(view));

/** The atoms that there are of these now. */
export function whole(axis: Axis): Atom[] {
  const atoms: Atom[] = [];
  const rest = [...axis].reverse();
  for (let atom = rest.pop(); atom !== undefined; atom = rest.pop())
    if (atom.parts === null) atoms.push(atom);
    else rest.push(atom.parts[1], atom.parts[0]);
  return atoms;
}

export const isSame = (a: Axis, b: Axis): boolean => a.length === b.length && a.every((atom, i) => atom === b[i]);
const areSame = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((axis, i) => isSame(axis, b[i]!));
const hasAll = (a: Axis, b: Axis): boolean => {
  const all = new Set(a);
  return a.length === b.length && b.every((atom) => all.has(atom));
};

/** The axes, as a permutation of the others; null where they are no such. Axes of size 1 are any. */
export function permutation(axes: readonly Axis[], of: readonly Axis[]): number[] | null {
  if (axes.length !== of.length) return null;
  const first = new Map(of.flatMap((axis, i) => (axis.length === 0 ? [] : [[axis[0]!, i] as const])));
  const empty = of.flatMap((axis, i) => (axis.length === 0 ? [i] : []));
  const order = axes.map((axis) => (axis.length === 0 ? empty.shift() : first.get(axis[0]!)) ?? -1);
  return order.every((i, axis) => i >= 0 && isSame(axes[axis]!, of[i]!)) ? order : null;
}

/** Parts an atom so that its outer part has this size. */
function part(atom: Atom, outer: number): boolean {
  if (atom.isBatch || atom.order !== null || atom.size % outer !== 0) return false;
  atom.parts = [new Atom(outer), new Atom(atom.size / outer)];
  return true;
}

/** Makes the atoms of two axes of one size pairs of one size, parting them where they differ; null where none part them. */
function paired(a: Axis, b: Axis): [Atom, Atom][] | null {
  const pairs: [Atom, Atom][] = [];
  for (;;) {
    const left = whole(a);
    const right = whole(b);
    const isPair = (atom: Atom, other: Atom | undefined): boolean =>
      atom === other || (atom.size === other?.size && !atom.isBatch && !other.isBatch);
    const i = left.findIndex((atom, j) => !isPair(atom, right[j]));
    if (i < 0) {
      if (left.length !== right.length) return null;
      for (const [j, atom] of left.entries()) pairs.push([atom, right[j]!]);
      return pairs;
    }
    const other = right[i];
    if (other === undefined) return null;
    const isParted = left[i]!.size > other.size ? part(left[i]!, other.size) : part(other, left[i]!.size);
    if (!isParted) return null;
  }
}

/** The atoms of the axes as those of others with the same sizes; null where they cannot be the same. */
export function aligned(from: readonly Axis[], to: readonly Axis[]): Map<Atom, Atom> | null {
  const known = new Map<Atom, Atom>();
  if (from.length !== to.length) return null;
  const all = from.map((axis, i) => paired(axis, to[i]!));
  for (const pairs of all) {
    if (pairs === null) return null;
    for (const [a, b] of pairs) known.set(a, b);
  }
  return known;
}

/**
 * The axes in other sizes, in the same order, as Reshape has them: NaN for the size of the batch, -1 for what is left. Null where
 * the bounds of the axes do not fit.
 */
export function reshapedAxes(dims: readonly Axis[], sizes: readonly number[]): Axis[] | null {
  let rest = whole(dims.flat());
  const result: Axis[] = [];
  const open = sizes.indexOf(-1);
  if (open >= 0 && sizes.includes(-1, open + 1)) return null;
  /** Atoms of one axis, from the front or from the back. */
  const take = (wanted: number, isFront: boolean): Axis | null => {
    const taken: Atom[] = [];
    let need = wanted;
    const end = (): Atom | undefined => (isFront ? rest[0] : rest.at(-1));
    // The batch is an axis of its own even where there is one sample
    while (Number.isNaN(wanted) || need > 1 || (wanted === 1 && end()?.isBatch === true && end()!.size === 1)) {
      const atom = end();
      if (atom === undefined) return null;
      if (!Number.isNaN(wanted) && need % atom.size !== 0) {
        if (!part(atom, isFront ? need : atom.size / need)) return null;
        rest = rest.flatMap((each) => (each === atom ? [...atom.parts!] : [each]));
        continue;
      }
      rest = isFront ? rest.slice(1) : rest.slice(0, -1);
      if (isFront) taken.push(atom);
      else taken.unshift(atom);
      if (atom.isBatch && (Number.isNaN(wanted) || wanted === 1)) return taken;
      need /= atom.size;
    }
    return taken;
  };
  for (const size of open < 0 ? sizes : sizes.slice(0, open)) {
    const axis = take(size, true);
    if (axis === null) return null;
    result.push(axis);
  }
  if (open < 0) return rest.length === 0 ? result : null;
  const behind: Axis[] = [];
  for (const size of sizes.slice(open + 1).reverse()) {
    const axis = take(size, false);
    if (axis === null) return null;
    behind.unshift(axis);
  }
  return [...result, rest, ...behind];
}

/** Decides how an input is made, so that it can be asked for as wanted, and as the file has it if it can. */
export function settle(space: Space, wanted: readonly Axis[]): readonly Axis[] {
  if (space.axes !== null) return space.axes;
  const given = space.given.map(whole);
  const flat = wanted.flat();
  const isOrdered = isSame(flat, given.flat());
  const isWanted = permutation(wanted, given) !== null || (isOrdered && wanted.length !== 1);
  const place = (axis: Axis): number => (axis.length === 0 ? flat.length : flat.indexOf(axis[0]!));
  const turned = [...given].sort((a, b) => place(a) - place(b));
  // One axis of all of them in another order is a flatten of the same axes; parts of an axis in another order are a shuffle
  const isTurned = wanted.length === 1 && isSame(turned.flat(), flat);
  const parted = wanted.map((axis) => given.find((own) => hasAll(own, axis)) ?? null);
  const isParted = new Set(parted).size === given.length && parted.every((axis): axis is Atom[] => axis !== null);
  if (isWanted) space.axes = wanted;
  else if (isTurned) space.axes = turned;
  else space.axes = isParted ? (parted as Axis[]) : given;
  return space.axes;
}

/** The value with these atoms on the axes of a sample; null where a network has no operation that makes it so. */
export function arranged(building: Mover, view: View, wanted: readonly Axis[]): View | null {
  const goal = wanted.map(whole);
  if (goal.some((axis) => axis.some(({ order }) => order !== null))) return null;
  return shaped(building, view, goal);
}

/** The same for atoms whose positions may lie in another order. */
function shaped(building: Mover, view: View, goal: readonly Axis[]): View | null {
  const have = settle(view.space, goal).map(whole);
  if (areSame(have, goal)) return view;
  const made = (value: string): View => ({ ...view, value, space: new Space(goal) });
  if (goal.length === 1 && isSame(have.flat(), goal[0]!)) return made(building.flatten(view));
  const last = goal.at(-1) ?? [];
  const before = have.at(-1)?.indexOf(last[0]!) ?? -1;
  if (before <= 0 || !areSame(have.slice(0, -1), goal.slice(0, -1))) return null;
  const own = have.at(-1)!;
  if (!isSame([...own.slice(before), ...own.slice(0, before)], last)) return null;
  return made(building.shuffle(view, sizeOf(own.slice(0, before))));
}

/** A tensor with some of its axes as the last axis of its value. */
export interface Last {
  readonly view: View;
  /** Where on that axis each position of the tensor's axes is, counted row by row; null where it is at the same place. */
  readonly order: Int32Array | null;
  readonly rest: readonly Axis[];
  readonly size: number;
}

/** The tensor with these axes as the last of its value; null where that cannot be. */
export function withLast(building: Mover, view: View, axes: readonly number[]): Last | null {
  const group = whole(axes.flatMap((axis) => view.dims[axis]!));
  if (group.some(({ isBatch }) => isBatch)) return null;
  const others = view.dims.filter((_, axis) => !axes.includes(axis)).map(whole);
  const sample = others.filter((axis) => !axis.some(({ isBatch }) => isBatch));
  const have = settle(view.space, [...sample, group]).map(whole);
  const own = have.at(-1);
  const isLast = own !== undefined && hasAll(own, group);
  if (!isLast && !hasAll(have.flat(), group)) return null;
  // Parts of one axis that changed places are a shuffle of channels; what was several axes has its weights in another order
  const isParted = isLast && view.space.axes!.at(-1)!.length === 1 && !isSame(own, group);
  const turned = isParted ? arranged(building, view, [...have.slice(0, -1), group]) : null;
  const last = turned ?? (isLast ? view : shaped(building, view, [have.flat()]));
  if (last === null) return null;
  const memory = whole(last.space.axes!.at(-1)!);
  return {
    view: last,
    order: orderOf(building, group, memory),
    rest: last.space.axes!.slice(0, -1),
    size: sizeOf(group),
  };
}

function orderOf(building: Mover, tensor: Axis, memory: Axis): Int32Array | null {
  if (isSame(tensor, memory) && tensor.every(({ order }) => order === null)) return null;
  building.spend(sizeOf(tensor), 'the order of an axis');
  const steps = new Map<Atom, number>();
  let step = 1;
  for (const atom of [...memory].reverse()) {
    steps.set(atom, step);
    step *= atom.size;
  }
  let order = Int32Array.of(0);
  for (const atom of tensor) {
    const next = new Int32Array(order.length * atom.size);
    for (let i = 0, at = 0; i < order.length; i++)
      for (let j = 0; j < atom.size; j++) next[at++] = order[i]! + (atom.order?.[j] ?? j) * steps.get(atom)!;
    order = next;
  }
  return order;
}

/** Tensors of one shape with their numbers at the same places of their values; null where that cannot be. */
export function matched(building: Mover, views: readonly View[]): View[] | null {
  const isSettled = ({ space }: View): boolean => space.axes !== null;
  const isOne = views.every(({ space, dims }) => space === views[0]!.space && areSame(dims, views[0]!.dims));
  if (isOne) return [...views];
  const first = views.find(isSettled) ?? views[0]!;
  const others = views.filter((view) => view.space !== first.space);
  for (const model of [first, ...others.filter(isSettled).slice(0, 1)]) {
    const found = views.map((view) => like(building, view, model));
    if (found.every((view) => view !== null)) return found;
  }
  return null;
}

function like(building: Mover, view: View, model: View): View | null {
  const atoms = aligned(model.dims, view.dims);
  if (atoms === null) return null;
  settle(model.space, model.space.given.map(whole));
  const wanted = model.space.axes!.map((axis) => whole(axis).map((atom) => atoms.get(atom)));
  const isWhole = wanted.every((axis): axis is Atom[] => axis.every((atom) => atom !== undefined));
  return isWhole ? shapedLike(building, view, wanted) : null;
}

const shapedLike = (building: Mover, view: View, wanted: Axis[]): View | null => {
  const own = view.space.axes?.map(whole);
  return own !== undefined && areSame(own, wanted) ? view : arranged(building, view, wanted);
};
