import { transposedSizes } from '../../base/window.ts';
import { LINEAR } from '../../graph/activation.ts';
import { type Pending, pendingOf } from './building.ts';
import type { Operator, Site } from './site.ts';
import { type Constant, reshaped, transposed } from './tensors.ts';
import { arranged, axisOf, type Last, matched, Space, type View, withLast } from './views.ts';
import { checkReal, pendingVector, scaled, withRows } from './weights.ts';
import { type Image, imageOf, imageView, perPlace, positionsOf, stepsOf, withWideZeros } from './windows.ts';

/** Lets an Add that alone reads a product without a bias give it one. */
function opened(site: Site, view: View, bias: Pending | undefined): View {
  if (bias === undefined && site.isAlone(view)) site.building.open(view.value, 'bias');
  return view;
}

/** The products of the last axis of a value with a matrix, in the place of an axis of the tensor. */
function multiplied(site: Site, last: Last, axis: number, kernel: Pending, units: number, bias?: Pending): View {
  const { view, rest } = last;
  const weights = { kernel, ...(bias && { bias }) };
  const value = site.building.node('dense', site.name, [view.value], { activation: LINEAR }, { weights });
  const unit = axisOf(units);
  const dims = view.dims.map((own, i) => (i === axis ? unit : own));
  return opened(site, { ...view, name: site.name, value, space: new Space([...rest, unit]), dims }, bias);
}

/** The same of a matrix [inputs, units], its axes in `order`, for the last axis of a tensor. */
function dense(site: Site, view: View, matrix: Constant, order: readonly number[], alpha = 1, bias?: Pending): View {
  const axis = view.dims.length - 1;
  const last = withLast(site.building, view, [axis]) ?? site.cannot(view, 'the last axis');
  const [inputs, units] = order.map((each) => matrix.shape[each]!) as [number, number];
  if (inputs !== last.size) site.fail(`multiplies rows of ${last.size} with "${matrix.name}", which has ${inputs}`);
  const how = `${order} ${alpha} ${last.order === null ? '' : site.name}`;
  const kernel = pendingOf(checkReal(site, matrix), how, () =>
    scaled(withRows(transposed(matrix, order), last.order), alpha),
  );
  return multiplied(site, last, axis, kernel, units, bias);
}

/** Zeros around a transposed convolution's image that is cut off, by the attributes. */
function cutOff(site: Site, places: readonly number[], taps: readonly number[], strides: readonly number[]) {
  const n = places.length;
  const pads = perPlace(site, 'pads', 2 * n, 0, 0);
  const added = perPlace(site, 'output_padding', n, 0, 0);
  const auto = site.text('auto_pad', 'NOTSET');
  const isSame = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
  if (!isSame && auto !== 'NOTSET' && auto !== 'VALID') site.fail(`has the auto_pad "${auto.slice(0, 40)}"`);
  const sizes = site.has('output_shape') ? perPlace(site, 'output_shape', n, 1, 1) : undefined;
  return places.map((length, axis): readonly [number, number] => {
    const full = (length - 1) * strides[axis]! + taps[axis]!;
    let before = pads[axis]!;
    let behind = pads[axis + n]! - added[axis]!;
    if (sizes !== undefined || isSame) {
      const all = full + added[axis]! - (sizes?.[axis] ?? length * strides[axis]!);
      if (all < (sizes === undefined ? 0 : -1))
        site.fail(
          'gives an image that its kernel does not reach, of which runtimes differ: give pads and output_padding',
        );
      const wide = Math.max(0, all);
      before = auto === 'SAME_UPPER' ? wide >> 1 : wide - (wide >> 1);
      behind = all - before - added[axis]!;
    }
    return [before, behind];
  });
}

function convolved(site: Site, image: Image, kernel: Constant, bias: Pending | undefined): View {
  const groups = site.int('group', 1);
  const [units, channels, ...taps] = kernel.shape as [number, number, ...number[]];
  const [own, given] = stepsOf(site, image, taps);
  const [read, steps] = withWideZeros(site, image, own, given);
  const order = [...taps.map((_, axis) => axis + 2), 1, 0];
  const pending = pendingOf(checkReal(site, kernel), `${order} ${own.length}`, () =>
    reshaped(transposed(kernel, order), [...own, channels, units]),
  );
  const weights = { kernel: pending, ...(bias && { bias }) };
  const attrs = { activation: LINEAR, ...steps, groups };
  const positions = positionsOf(site, read.places, own, steps);
  if (channels * groups !== image.channels.reduce((n, { size }) => n * size, 1))
    site.fail(`has a kernel for ${channels} channels in ${groups} groups, for other channels`);
  const value = site.building.node('conv', site.name, [read.view.value], attrs, { weights });
  return opened(site, imageView(site, read, value, positions, axisOf(units)), bias);
}

/** The taps of a kernel, which the attribute may say once more. */
function tapsOf(site: Site, { shape, name }: Constant, rank: number): number[] {
  if (shape.length !== rank) site.fail(`needs a kernel of ${rank} axes, and "${name}" has ${shape.length}`);
  const taps = shape.slice(2);
  const said = site.ints('kernel_shape');
  if (said !== undefined && (said.length !== taps.length || said.some((n, axis) => n !== taps[axis])))
    site.fail(`has the kernel_shape [${said.slice(0, 4).join(', ')}] and a kernel of [${taps.join(', ')}]`);
  return taps;
}

const RULES = ['valid', 'same'] as const;
const WINDOW = 'auto_pad dilations group kernel_shape pads strides';

export const PRODUCTS: Readonly<Record<string, Operator>> = {
  Gemm: {
    attributes: 'alpha beta transA transB broadcast',
    read(site) {
      const view = site.view(0);
      const matrix = site.constant(1);
      if (site.flag('transA', false)) site.fail('has transA: networks here have their samples along the first axis');
      if (view.dims.length !== 2 || matrix.shape.length !== 2) site.fail('multiplies what are no two matrices');
      const order = site.flag('transB', false) ? [1, 0] : [0, 1];
      const alpha = site.float('alpha', 1);
      const beta = site.float('beta', 1);
      const added = beta === 0 ? undefined : site.inputs[2];
      const units = matrix.shape[order[1]!]!;
      if (added?.kind === 'value') {
        if (beta !== 1) site.fail('has a beta for what is no constant');
        const both = matched(site.building, [dense(site, view, matrix, order, alpha), site.view(2)]);
        if (both === null) return site.cannot(site.view(2), 'the same order');
        const value = site.building.node(
          'add',
          site.name,
          both.map((each) => each.value),
          {},
        );
        return { ...both[0]!, name: site.name, value };
      }
      if (added !== undefined && added.data.length !== 1 && added.shape.at(-1) !== units)
        site.fail(`adds "${added.name}" of the shape [${added.shape.join(', ')}] to ${units} units`);
      const bias = added && pendingVector(site, added, units, { factor: beta });
      return dense(site, view, matrix, order, alpha, bias);
    },
  },
  MatMul: {
    read(site) {
      const view = site.view(0);
      const given = site.constant(1);
      const lead = given.shape.slice(0, -2);
      if (lead.some((size) => size !== 1) || lead.length + 2 > Math.max(2, view.dims.length))
        site.fail(
          `multiplies with "${given.name}" [${given.shape.join(', ')}]: networks here multiply with one matrix`,
        );
      if (given.shape.length === 1) {
        const column = dense(site, view, reshaped(given, [given.data.length, 1]), [0, 1]);
        return { ...column, dims: column.dims.slice(0, -1) };
      }
      return dense(site, view, reshaped(given, given.shape.slice(-2)), [0, 1]);
    },
  },
  Conv: {
    attributes: WINDOW,
    read(site) {
      const view = site.view(0);
      const kernel = site.constant(1);
      const taps = tapsOf(site, kernel, view.dims.length);
      const given = site.optional(2);
      const units = kernel.shape[0]!;
      const bias = given && pendingVector(site, given, units);
      const image = imageOf(site, view, taps);
      if (image !== null) return convolved(site, image, kernel, bias);
      // Of images of one place there may be but the channels left
      const isPoint = taps.every((n) => n === 1) && view.dims.slice(2).every((axis) => axis.length === 0);
      const isPlain = isPoint && site.int('group', 1) === 1 && (site.ints('pads') ?? []).every((n) => n === 0);
      const last = isPlain ? withLast(site.building, view, [1]) : null;
      if (last === null) return site.cannot(view, 'an image');
      if (last.size !== kernel.shape[1]) site.fail(`has a kernel for ${kernel.shape[1]} channels, for ${last.size}`);
      const how = `point ${last.order === null ? '' : site.name}`;
      const matrix = pendingOf(checkReal(site, kernel), how, () =>
        withRows(transposed(reshaped(kernel, kernel.shape.slice(0, 2)), [1, 0]), last.order),
      );
      return multiplied(site, last, 1, matrix, units, bias);
    },
  },
  ConvTranspose: {
    attributes: `${WINDOW} output_padding output_shape`,
    read(site) {
      const view = site.view(0);
      const kernel = site.constant(1);
      const own = tapsOf(site, kernel, view.dims.length);
      if (site.int('group', 1) !== 1) site.fail('has groups, which convTranspose here does not');
      if (perPlace(site, 'dilations', own.length, 1, 1).some((n) => n !== 1))
        site.fail('has dilations, which convTranspose here does not');
      if (own.length !== 1 && own.length !== 2) site.fail(`has ${own.length} axes of places, and 2 are the most`);
      const [batch, channels, ...places] = view.dims;
      // A sequence is an image of one row
      const isRow = own.length === 1;
      const wide = isRow ? [[], ...places] : places;
      const found = arranged(site.building, view, [...wide, channels!]) ?? site.cannot(view, 'an image');
      const units = kernel.shape[1]!;
      const [, , ...sizes] = view.dims.map((axis) => axis.reduce((n, { size }) => n * size, 1));
      if (kernel.shape[0] !== channels!.reduce((n, { size }) => n * size, 1))
        site.fail(`has a kernel for ${kernel.shape[0]} channels, for others`);
      const strides = perPlace(site, 'strides', own.length, 1, 1);
      const cut = cutOff(site, sizes, own, strides);
      const bounds = cut.map(([before, behind]) => [Math.max(before, 0), Math.max(behind, 0)] as const);
      const around = cut.map(([before, behind]) => [Math.max(-before, 0), Math.max(-behind, 0)] as const);
      const isWider = around.flat().some((width) => width > 0);
      // Keras's rules, by which steps that are wider than the kernel leave zeros behind
      const valid = own.map((n, axis) => [0, Math.min(0, n - strides[axis]!)] as const);
      const same = own.map((n, axis) => {
        const over = n - strides[axis]!;
        return [Math.max(0, over) >> 1, over - (Math.max(0, over) >> 1)] as const;
      });
      const rule = [valid, same].map((pairs) => pairs.flat().join()).indexOf(cut.flat().join());
      const named = isWider && !isRow ? (RULES[rule] ?? null) : null;
      const attrs = {
        activation: LINEAR,
        strides: isRow ? [1, ...strides] : strides,
        padding: named ?? (isRow ? ([[0, 0], ...bounds] as const) : bounds),
      };
      const isPadded = isWider && named === null;
      const given = site.optional(2);
      const bias = given && pendingVector(site, given, units);
      const pending = pendingOf(checkReal(site, kernel), 'transposed', () => {
        const last = transposed(kernel, [...own.map((_, axis) => axis + 2), 1, 0]);
        return isRow ? reshaped(last, [1, ...last.shape]) : last;
      });
      const weights = { kernel: pending, ...(bias && { bias }) };
      const steps = { strides, padding: isPadded ? bounds : cut, dilations: own.map(() => 1) };
      if (isPadded && bias !== undefined)
        site.fail(
          'makes an image that is larger than what its kernel reaches, with a bias, which networks here do not',
        );
      const after = transposedSizes(sizes, own, steps);
      if (after.some((n) => n < 1)) site.fail(`would give an image of ${after.join(' by ')}`);
      const name = isPadded ? `${site.name}/inner` : site.name;
      const inner = site.building.node('convTranspose', name, [found.value], attrs, { weights });
      const widths = isRow ? ([[0, 0], ...around] as const) : around;
      const value = isPadded ? site.building.node('zeroPad', site.name, [inner], { widths }) : inner;
      const axes = after.map((n, axis) => axisOf(isPadded ? n + around[axis]![0] + around[axis]![1] : n));
      const unit = axisOf(units);
      const space = new Space([...(isRow ? [[], ...axes] : axes), unit]);
      const result = { ...found, name: site.name, value, space, dims: [batch!, unit, ...axes] };
      return isPadded ? result : opened(site, result, bias);
    },
  },
};
