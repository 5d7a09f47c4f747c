import { joined, taken, turnedConstant } from './fold.ts';
import type { Operator, Site } from './site.ts';
import { type Constant, constantOf, MAX_AXES, replaced, reshaped } from './tensors.ts';
import {
  Atom,
  type Axis,
  aligned,
  arranged,
  axisOf,
  reshapedAxes,
  Space,
  shapeOf,
  shapeText,
  sizeOf,
  sizesText,
  type View,
  whole,
  withLast,
} from './views.ts';

/** What a file writes as other axes of the same numbers. */
const axesOf = (site: Site, view: View, dims: readonly Axis[]): View => {
  if (dims.length > MAX_AXES) site.fail(`gives ${dims.length} axes, and ${MAX_AXES} are the most`);
  return { ...view, name: site.name, dims };
};
const renamed = (site: Site, constant: Constant): Constant => ({ ...constant, name: site.name });

/** The size of an axis; NaN for that of the batch, where it is open. */
function sizeAt(site: Site, dims: readonly Axis[], axis: number): number {
  const own = dims[axis] ?? site.fail(`has no axis ${axis}`);
  const size = sizeOf(own);
  if (Number.isNaN(size) && own.length > 1) site.fail('asks for the size of a batch joined with other axes');
  return size;
}

/** Sizes as Reshape says them: 0 for that of the tensor's axis, unless `allowzero`. */
function wantedSizes(site: Site, sizeOfAxis: (axis: number) => number): number[] {
  const given = site.numbers('shape', 1) ?? site.fail('has no shape');
  if (given.length > MAX_AXES) site.fail(`gives ${given.length} axes, and ${MAX_AXES} are the most`);
  const keeps = !site.flag('allowzero', false);
  const sizes = given.map((size, axis) => (size === 0 && keeps ? sizeOfAxis(axis) : size));
  const wrong = sizes.find((size) => !(Number.isNaN(size) || size === -1 || (size >= 1 && size < 2 ** 31)));
  return wrong === undefined ? sizes : site.fail(`gives an axis of size ${wrong}`);
}

/** The bounds of a Slice along each axis that it names, as numbers from 0 to the size. */
function bounds(
  site: Site,
  shape: readonly number[],
): (readonly [axis: number, from: number, to: number, step: number])[] {
  const starts = site.numbers('starts', 1) ?? site.fail('has no starts');
  const ends = site.numbers('ends', 2) ?? site.fail('has no ends');
  const axes = (site.numbers('axes', 3) ?? starts.map((_, i) => i)).map((axis) => site.axis(axis, shape.length));
  const steps = site.numbers('steps', 4) ?? starts.map(() => 1);
  if ([ends, axes, steps].some(({ length }) => length !== starts.length)) site.fail('has lists of different lengths');
  site.axes(axes, shape.length);
  return axes.map((axis, i) => {
    const size = shape[axis]!;
    const step = steps[i]!;
    const bound = (at: number, least: number, most: number): number =>
      Math.min(Math.max(at < 0 ? at + size : at, least), most);
    if (!Number.isInteger(step) || step === 0) site.fail(`has a step of ${step}`);
    return step > 0
      ? [axis, bound(starts[i]!, 0, size), bound(ends[i]!, 0, size), step]
      : [axis, bound(starts[i]!, 0, size - 1), bound(ends[i]!, -1, size - 1), step];
  });
}

/** A part of an axis of a tensor, which has to be the channels of its value. */
function part(site: Site, view: View, axis: number, from: number, to: number, name: string): View {
  const size = sizeOf(view.dims[axis]!);
  if (from === 0 && to === size) return { ...view, name };
  if (!(from < to)) return site.fail('leaves nothing of an axis');
  const cannot = (): never => site.cannot(view, `axis ${axis} as the last, to take a part of it`);
  const last = withLast(site.building, view, [axis]) ?? cannot();
  const isStraight = last.order === null;
  const read = isStraight ? last.view : arranged(site.building, last.view, [...last.rest, whole(view.dims[axis]!)]);
  const value = site.building.node('split', name, [(read ?? cannot()).value], { from, to });
  const own: Axis = to - from === 1 ? [] : [new Atom(to - from)];
  const dims = view.dims.map((each, i) => (i === axis ? own : each));
  return { ...last.view, name, value, dims, space: new Space([...last.rest, own]) };
}

/** Values side by side along an axis, which has to be the channels of each. */
function sideBySide(site: Site, views: readonly View[], axis: number): View {
  if (views.length === 1) return { ...views[0]!, name: site.name };
  const model = views.find(({ space }) => space.axes !== null) ?? views[0]!;
  const first =
    withLast(site.building, model, [axis]) ?? site.cannot(model, `axis ${axis} as the last, to join along it`);
  const others = (dims: readonly Axis[]): Axis[] => dims.filter((_, i) => i !== axis);
  const parts = views.map((view) => {
    if (view === model) return first;
    const atoms = aligned(others(model.dims), others(view.dims));
    if (atoms === null) return site.fail('joins values that differ in other axes, or in their order');
    const rest = first.rest.map((own) => whole(own).map((atom) => atoms.get(atom) ?? atom));
    const last = view.space.axes === null ? null : withLast(site.building, view, [axis]);
    const own = last?.view ?? arranged(site.building, view, [...rest, view.dims[axis]!]);
    const fits =
      own?.space.axes?.length === rest.length + 1 &&
      rest.every((each, i) => each.join() === '' || sameAtoms(each, own.space.axes![i]!));
    if (own === null || !fits) return site.cannot(view, 'the order of the others');
    return last ?? { view: own, order: null, rest, size: sizeOf(view.dims[axis]!) };
  });
  const size = parts.reduce((sum, each) => sum + each.size, 0);
  const isPlain = parts.every(({ order }) => order === null);
  if (!isPlain) site.building.spend(size, 'the order of an axis');
  let begin = 0;
  const order = isPlain ? null : new Int32Array(size);
  for (const each of parts) {
    if (order !== null) for (let i = 0; i < each.size; i++) order[begin + i] = begin + (each.order?.[i] ?? i);
    begin += each.size;
  }
  const unit: Axis = size === 1 ? [] : [new Atom(size, order)];
  const value = site.building.node(
    'concat',
    site.name,
    parts.map(({ view }) => view.value),
    {},
  );
  const dims = first.view.dims.map((own, i) => (i === axis ? unit : own));
  return { ...first.view, name: site.name, value, dims, space: new Space([...first.rest, unit]) };
}

const sameAtoms = (a: Axis, b: Axis): boolean => {
  const own = whole(b);
  return a.length === own.length && a.every((atom, i) => atom === own[i]);
};

/** A tensor in a shape across the bounds of its axes: its value as one axis, if the numbers lie in the order of the file. */
function rowOf(site: Site, view: View, sizes: readonly number[]): View {
  const refuse = (): never =>
    site.fail(
      `makes ${sizesText(sizes)} of "${view.name}" ${shapeText(view)}, across the bounds of samples or of other axes`,
    );
  const [batch, ...sample] = view.dims.map(whole);
  const total = sample.flat().reduce((n, { size }) => n * size, 1);
  const open = sizes.indexOf(-1);
  const rest = sizes.slice(1).reduce((n, size) => (size === -1 ? n : n * size), 1);
  const own = sizes.slice(1).map((size) => (size === -1 ? total / rest : size));
  const isBatch =
    batch?.length === 1 && batch[0]!.isBatch && (Number.isNaN(sizes[0]) || sizes[0] === batch[0]!.size || open === 0);
  if (!isBatch || own.reduce((n, size) => n * size, 1) !== total || !own.every(Number.isInteger)) return refuse();
  const row = arranged(site.building, view, [sample.flat()]) ?? refuse();
  const axes = own.map(axisOf);
  return { ...row, name: site.name, dims: [batch, ...axes], space: new Space([axes.flat()]) };
}

/** Axes that an operator names, or undefined for none. */
const named = (site: Site): readonly number[] | undefined => site.numbers('axes', 1);

function squeezed<T>(site: Site, axes: readonly T[], sizes: readonly number[], isGone: (axis: number) => boolean): T[] {
  const list = named(site);
  if (list === undefined && sizes.some((n, i) => n === 1 && !isGone(i)))
    site.fail('names no axes, and takes away that of a batch of one sample besides: name them');
  const gone =
    list === undefined ? sizes.flatMap((n, i) => (n === 1 && isGone(i) ? [i] : [])) : site.axes(list, sizes.length);
  const wrong = gone.find((axis) => sizes[axis] !== 1 || !isGone(axis));
  if (wrong !== undefined) site.fail(`takes away axis ${wrong}, of size ${sizes[wrong]}`);
  return axes.filter((_, i) => !gone.includes(i));
}

function unsqueezed<T>(site: Site, axes: readonly T[], empty: T): T[] {
  const list = named(site) ?? site.fail('names no axes');
  if (axes.length + list.length > MAX_AXES)
    site.fail(`gives ${axes.length + list.length} axes, and ${MAX_AXES} are the most`);
  const added = new Set(site.axes(list, axes.length + list.length));
  const rest = [...axes];
  return Array.from({ length: axes.length + list.length }, (_, i) => (added.has(i) ? empty : rest.shift()!));
}

/** An operator that gives axes of the same numbers, of values and constants alike. */
const moved = (
  attributes: string,
  ofView: (site: Site, view: View) => readonly Axis[],
  ofConstant: (site: Site, constant: Constant) => Constant,
): Operator => ({
  attributes,
  read: (site) => axesOf(site, site.view(0, true), ofView(site, site.view(0, true))),
  fold: (site) => renamed(site, ofConstant(site, site.constant(0))),
});

/** The order of axes of a Transpose. */
function permutationOf(site: Site, rank: number): readonly number[] {
  const order = site.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  if (order.length !== rank || site.axes(order, rank).length !== rank)
    site.fail(`orders ${order.length} axes of ${rank}`);
  return order.map((axis) => site.axis(axis, rank));
}

/** Where the parts of a Split begin and end. */
function parted(site: Site, size: number): (readonly [from: number, to: number])[] {
  const n = site.outputs.length;
  const count = site.int('num_outputs', n);
  if (count !== n) site.fail(`gives ${n} parts, and says ${count}`);
  const each = Math.ceil(size / n);
  const sizes = site.numbers('split', 1) ?? site.outputs.map((_, i) => Math.min(each, size - i * each));
  let at = 0;
  const parts = sizes.map((length): [number, number] => {
    at += length;
    return [at - length, at];
  });
  const isWhole = at === size && sizes.length === n && sizes.every((length) => Number.isInteger(length) && length > 0);
  return isWhole ? parts : site.fail(`parts ${size} into [${sizes.slice(0, 8).join(', ')}]`);
}

export const SHAPES: Readonly<Record<string, Operator>> = {
  Identity: moved(
    '',
    (_, view) => view.dims,
    (_, constant) => constant,
  ),
  Dropout: {
    attributes: 'ratio seed is_test',
    read(site) {
      if (site.optional(2)?.data[0]) site.fail('is in training mode: export the model for inference');
      return { ...site.view(0), name: site.name };
    },
  },
  Flatten: moved(
    'axis',
    (site, { dims }) => {
      const axis = site.int('axis', 1) === dims.length ? dims.length : site.axis(site.int('axis', 1), dims.length);
      return [dims.slice(0, axis).flat(), dims.slice(axis).flat()];
    },
    (site, constant) => {
      const rank = constant.shape.length;
      const axis = site.int('axis', 1) === rank ? rank : site.axis(site.int('axis', 1), rank);
      const outer = constant.shape.slice(0, axis).reduce((n, size) => n * size, 1);
      return reshaped(constant, [outer, outer === 0 ? 0 : constant.data.length / outer]);
    },
  ),
  Reshape: {
    attributes: 'allowzero',
    read(site) {
      const view = site.view(0, true);
      const sizes = wantedSizes(site, (axis) => sizeAt(site, view.dims, axis));
      const axes = reshapedAxes(view.dims, sizes);
      return axes === null ? rowOf(site, view, sizes) : axesOf(site, view, axes);
    },
    fold(site) {
      const constant = site.constant(0);
      const sizes = wantedSizes(site, (axis) => constant.shape[axis] ?? site.fail(`has no axis ${axis} to keep`));
      const known = sizes.reduce((n, size) => (size === -1 ? n : n * size), 1);
      const shape = sizes.map((size) => (size === -1 ? constant.data.length / known : size));
      const isWhole = shape.every(Number.isInteger) && shape.reduce((n, size) => n * size, 1) === constant.data.length;
      return isWhole
        ? renamed(site, reshaped(constant, shape))
        : site.fail(`makes [${sizes.join(', ')}] of ${constant.data.length} numbers`);
    },
  },
  Squeeze: moved(
    'axes',
    (site, view) => squeezed(site, view.dims, shapeOf(view), (axis) => view.dims[axis]!.length === 0),
    (site, constant) =>
      reshaped(
        constant,
        squeezed(site, constant.shape, constant.shape, () => true),
      ),
  ),
  Unsqueeze: moved(
    'axes',
    (site, view) => unsqueezed(site, view.dims, []),
    (site, constant) => reshaped(constant, unsqueezed(site, constant.shape, 1)),
  ),
  Transpose: moved(
    'perm',
    (site, view) => permutationOf(site, view.dims.length).map((axis) => view.dims[axis]!),
    (site, constant) => {
      const order = permutationOf(site, constant.shape.length);
      const shape = order.map((axis) => constant.shape[axis]!);
      return replaced(constant, shape, turnedConstant(site, constant, order), (axis) => order.indexOf(axis));
    },
  ),
  Concat: {
    attributes: 'axis',
    read(site) {
      const views = site.views();
      const rank = views[0]!.dims.length;
      if (views.some(({ dims }) => dims.length !== rank)) site.fail('joins values of different numbers of axes');
      return sideBySide(site, views, site.axis(site.int('axis', 1), rank));
    },
    fold: (site, constants) => {
      const parts = constants.filter((each) => each !== undefined);
      if (parts.length === 0) return site.fail('has no inputs');
      return joined(site, parts, site.axis(site.int('axis', 1), parts[0]!.shape.length));
    },
  },
  Split: {
    attributes: 'axis split num_outputs',
    read(site) {
      const view = site.view(0, true);
      const axis = site.axis(site.int('axis', 0), view.dims.length);
      return parted(site, sizeOf(view.dims[axis]!)).map(([from, to], i) =>
        part(site, view, axis, from, to, site.outputs[i]!),
      );
    },
  },
  Slice: {
    attributes: 'axes starts ends steps',
    read(site) {
      const view = site.view(0, true);
      const all = bounds(site, shapeOf(view));
      if (all.some(([, , , step]) => step !== 1)) site.fail('takes steps: networks here take parts in one piece');
      return all.reduce((own, [axis, from, to]) => part(site, own, axis, from, to, site.name), view);
    },
    fold: (site) =>
      bounds(site, site.constant(0).shape).reduce((own, [axis, from, to, step]) => {
        const count = Math.max(0, Math.ceil((to - from) / step));
        site.building.spend(count, 'a part of a constant');
        const rows = Array.from({ length: count }, (_, i) => from + i * step);
        const shape = own.shape.map((size, i) => (i === axis ? count : size));
        return taken(site, own, axis, rows, shape);
      }, site.constant(0)),
  },
  Shape: {
    attributes: 'start end',
    read(site) {
      const view = site.view(0, true);
      const shape = shapeOf(view).map((_, axis) => sizeAt(site, view.dims, axis));
      const from = shape.slice(site.int('start', 0), site.int('end', shape.length));
      return constantOf(site.name, [from.length], 'int64', Float64Array.from(from));
    },
    fold: (site) => {
      const { shape } = site.constant(0);
      const from = shape.slice(site.int('start', 0), site.int('end', shape.length));
      return constantOf(site.name, [from.length], 'int64', Float64Array.from(from));
    },
  },
  Gather: {
    attributes: 'axis',
    read(site) {
      const table = site.constant(0);
      const at = site.view(1, true);
      const axis = site.axis(site.int('axis', 0), table.shape.length);
      if (axis !== 0) site.fail('looks rows up along another axis than the first');
      return lookedUp(site, table, at);
    },
    fold: (site) => {
      const table = site.constant(0);
      const rows = site.constant(1);
      const axis = site.axis(site.int('axis', 0), table.shape.length);
      const shape = [...table.shape.slice(0, axis), ...rows.shape, ...table.shape.slice(axis + 1)];
      return taken(site, table, axis, Array.from(rows.data), shape);
    },
  },
};

/** The rows of a table that an input of whole numbers names. */
function lookedUp(site: Site, table: Constant, at: View): View {
  if (at.raw === null || at.format !== null) site.fail(`looks up "${at.name}", which is no input of whole numbers`);
  if (!site.building.readAs(at, { kind: 'entries' }))
    site.fail(`looks up "${at.name}", which is read as numbers besides`);
  const [entries = 1, ...inner] = table.shape;
  const units = inner.map((size): Axis => (size === 1 ? [] : [new Atom(size)]));
  const flat = reshaped(table, [entries, inner.reduce((n, size) => n * size, 1)]);
  const own = at.dims.filter((axis) => !axis.some(({ isBatch }) => isBatch)).map(whole);
  const found = arranged(site.building, at, own) ?? site.cannot(at, 'the axes');
  const weights = { embeddings: { id: `${table.name}|table`, key: table.key, make: () => flat } };
  const value = site.building.node('embedding', site.name, [found.value], {}, { weights });
  const space = new Space([...own, units.flat()]);
  return { ...found, name: site.name, value, space, dims: [...at.dims, ...units], raw: null };
}
