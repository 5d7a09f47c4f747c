import type { Window } from '../../kernels/interface/convolution.ts';
import { StateError } from '../base/errors.ts';
import { chosen } from './c-forms.ts';
import type { Layer } from './c-layer.ts';
import { constant, float, narrowed, typeOf } from './c-text.ts';
import { inOrder, readOrder } from './order.ts';
import type { Extent, Finish, Product } from './product.ts';
import { type Numbers, stored } from './storage.ts';

type Unstored = Omit<Layer, 'storage'> & { readonly numbers: Numbers };

/** Numbers of products in the order in which they are read, each in the form that is best for all of them. */
export function layersOf(products: readonly (readonly [name: string, Product])[], isSmall: boolean): Layer[] {
  const unstored = products.map(([name, product]): Unstored => {
    const order = readOrder(product);
    const { as, numbers } = numbersOf(product);
    return {
      ...{ name, product, as, type: typeOf(numbers), units: order.units, terms: order.terms },
      numbers: inOrder(numbers, order),
    };
  });
  const lists = unstored.map(({ numbers }) => numbers);
  const storages = isSmall ? chosen(lists) : lists.map((numbers) => stored(numbers, ['plain']));
  return unstored.map(({ numbers: _, ...layer }, i) => ({ ...layer, storage: storages[i]! }));
}

/** What is kept of a kernel. */
function numbersOf({ kernel, extent, name }: Product): { as: Layer['as']; numbers: Numbers } {
  if (kernel.type === 'int8') return { as: 'integers', numbers: kernel.values };
  const { values, held } = kernel;
  if (extent.kind !== 'dense' && !values.every(Number.isFinite))
    throw new StateError(
      'toC',
      `the kernel of node "${name}" has a number that is not finite, which C would leave out beyond the edges of images`,
    );
  // Scales along the terms of a sum are none that a unit has
  if (held.as === 'levels' && extent.kind === 'transposed' && !areOne(held.scales))
    return { as: 'float32', numbers: values };
  return { as: held.as, numbers: held.numbers };
}

const areOne = (numbers: Float32Array | Int32Array): boolean => numbers.every((x) => x === numbers[0]);

/** What a window goes over, from x to the result of a product. */
export interface Windowed extends Omit<Window, 'batch'> {
  readonly channels: number;
  readonly perTap: number;
  readonly unitsPerGroup: number;
}

const ONCE = { strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 };

/** One row a kind. Of a transposed product the sizes of the image are those of x, and positions those of the result. */
const WINDOWS: { readonly [K in Extent['kind']]: (extent: Extract<Extent, { kind: K }>) => Windowed } = {
  dense: ({ rows, terms, units }) => ({
    ...ONCE,
    ...{ channels: terms, height: rows, width: 1, outHeight: rows, outWidth: 1, kernelHeight: 1, kernelWidth: 1 },
    ...{ perTap: terms, unitsPerGroup: units },
  }),
  conv: ({ windows: { batch: _, units, groups, ...window } }) => ({
    ...window,
    perTap: window.channels / groups,
    unitsPerGroup: units / groups,
  }),
  transposed: ({ windows: { batch: _, channels, units, groups: __, ...window } }) => ({
    ...window,
    ...{ height: window.outHeight, width: window.outWidth, outHeight: window.height, outWidth: window.width },
    ...{ channels: units, perTap: units, unitsPerGroup: channels },
  }),
};

export const windowedOf = (extent: Extent): Windowed => (WINDOWS[extent.kind] as (extent: Extent) => Windowed)(extent);

/** A window as C has it. */
export function windowFields(window: Omit<Windowed, 'perTap' | 'unitsPerGroup'>): Record<string, string> {
  const { channels, height, width, outHeight, outWidth, kernelHeight, kernelWidth } = window;
  const { strideY, strideX, dilationY, dilationX, padTop, padLeft } = window;
  const numbers = {
    ...{ channels, height, width, out_height: outHeight, out_width: outWidth },
    ...{ kernel_height: kernelHeight, kernel_width: kernelWidth, stride_y: strideY, stride_x: strideX },
    ...{ dilation_y: dilationY, dilation_x: dilationX, pad_top: padTop, pad_left: padLeft },
  };
  return Object.fromEntries(Object.entries(numbers).map(([field, n]) => [field, String(n)]));
}

/** How the finish of all layers of a file is held: one type of biases, and one scale where each layer has no more. */
export interface Finishes {
  readonly hasManyScales: boolean;
  readonly hasOneScale: boolean;
  /** Whether units say by a byte each which of the factors of their layer they have, since many have the same. */
  readonly areCoded: boolean;
  readonly biases: ReadonlyMap<Layer, Int8Array | Int16Array | Int32Array>;
  /** What is taken from each number of x; null for what a sample brings. */
  readonly zeros: ReadonlyMap<Layer, number | null>;
}

const scalesOf = (finish: Finish): Float32Array | null => ('scales' in finish ? finish.scales : null);

export function finishesOf(layers: readonly Layer[], isSmall: boolean): Finishes {
  const scales = layers.flatMap(({ product: { finish } }) => scalesOf(finish) ?? []);
  const zeros = new Map(
    layers.map((layer) => [layer, layer.product.kernel.type === 'int8' ? layer.product.kernel.zeroPoint : 0] as const),
  );
  const whole = layers.filter(({ product: { finish } }) => finish.kind !== 'real' && finish.kind !== 'dynamic');
  const given = whole.map(({ product: { finish } }) => finish.bias as Int32Array);
  const apart = whole.map((layer, i) => unfolded(layer, given[i]!));
  const folded = narrowed(given);
  const narrow = narrowed(apart.map(({ bias }) => bias));
  const isWorth = isSmall && bytesOf(narrow) + 16 < bytesOf(folded); // 16 bytes of code: a subtraction
  if (isWorth) for (const [i, layer] of whole.entries()) zeros.set(layer, apart[i]!.zero);
  const taken = isWorth ? narrow : folded;
  return {
    hasManyScales: !scales.every(areOne),
    hasOneScale: scales.some(areOne),
    areCoded: isSmall && areWorthCodes(layers),
    biases: new Map(whole.map((layer, i) => [layer, taken[i]!])),
    zeros,
  };
}

/** Units as the factor that each has, of those that differ; of each the first unit that has it. */
interface Factors {
  readonly codes: readonly number[];
  readonly first: readonly number[];
}

/** What sums are multiplied with, as bits; null for real numbers. */
function factorsOf({ product: { finish } }: Layer): { factors: Factors; bytes: number } | null {
  const keys =
    finish.kind === 'whole'
      ? Array.from(finish.multipliers, (multiplier, unit) => `${multiplier} ${finish.shifts[unit]}`)
      : finish.kind === 'real'
        ? null
        : Array.from(new Uint32Array(finish.scales.slice().buffer), String);
  if (keys === null) return null;
  const places = new Map<string, number>();
  const first: number[] = [];
  for (const [unit, key] of keys.entries()) if (!places.has(key)) places.set(key, first.push(unit) - 1);
  const bytes = finish.kind === 'whole' ? 5 : 4;
  return { factors: { codes: keys.map((key) => places.get(key)!), first }, bytes };
}

/** Kernels of few numbers have few scales: the largest number of a unit is one of them. */
function areWorthCodes(layers: readonly Layer[]): boolean {
  const all = layers.map(factorsOf).filter((own) => own !== null);
  if (all.some(({ factors: { first } }) => first.length > 256)) return false;
  let saved = -12; // of code, and 4 a layer for a pointer: bytes of Thumb-2 at -Os
  for (const { factors, bytes } of all) {
    const { codes, first } = factors;
    const plain = first.length === 1 ? 1 : codes.length;
    saved += bytes * (plain - first.length) - codes.length - 4;
  }
  return saved > 0;
}

const bytesOf = (arrays: readonly ArrayBufferView[]): number => arrays.reduce((sum, x) => sum + x.byteLength, 0);

/**
 * Biases without the zero point of x that was folded into them: Σx·w + b = Σ(x - z)·w + (b + z·Σw) for any z, and for that zero
 * point, or one near it, they are small. Not where what is outside of an image counts as one.
 */
function unfolded({ product: { extent, kernel } }: Layer, bias: Int32Array): { zero: number | null; bias: Int32Array } {
  const given = kernel.type === 'int8' ? kernel.zeroPoint : 0;
  if (extent.kind !== 'dense' || kernel.type !== 'int8' || given !== 0) return { zero: given, bias };
  // With another zero point |x - z| is up to 255: sums on the way must stay within int32, as they do with the given one
  if (extent.terms * 255 * 127 + bias.reduce((max, b) => Math.max(max, Math.abs(b)), 0) >= 2 ** 30)
    return { zero: given, bias };
  const sums = new Int32Array(bias.length);
  for (const [i, w] of kernel.values.entries()) sums[i % bias.length]! += w;
  let best = { zero: 0, bias, most: Infinity };
  for (let zero = -128; zero < 128; zero++) {
    const own = bias.map((b, u) => b + zero * sums[u]!);
    const most = own.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    if (most < best.most) best = { zero, bias: own, most };
  }
  return best;
}

interface Finished {
  readonly arrays: readonly string[];
  readonly fields: Readonly<Record<string, string>>;
}

type FinishText<K extends Finish['kind']> = (
  finish: Extract<Finish, { kind: K }>,
  layer: Layer,
  finishes: Finishes,
) => Finished;

const both = (...all: readonly Finished[]): Finished => ({
  arrays: all.flatMap(({ arrays }) => arrays),
  fields: Object.assign({}, ...all.map(({ fields }) => fields)) as Finished['fields'],
});

function biasText(layer: Layer, finishes: Finishes): Finished {
  const name = `${layer.name}_bias`;
  return { arrays: [constant(name, finishes.biases.get(layer)!)], fields: { bias: name } };
}

/** Which factor each unit has. */
function codesText(name: string, { codes }: Factors): Finished {
  return { arrays: [constant(`${name}_scale_of`, Uint8Array.from(codes))], fields: { scale_of: `${name}_scale_of` } };
}

/** A scale by itself, or where layers of the file have one a unit, an array and how far apart those of two units are. */
function scaleText(layer: Layer, scales: Float32Array, finishes: Finishes): Finished {
  const { name } = layer;
  const { hasManyScales, hasOneScale, areCoded } = finishes;
  if (areCoded) {
    const { factors } = factorsOf(layer)!;
    const own = Float32Array.from(factors.first, (unit) => scales[unit]!);
    const arrays = [constant(`${name}_scales`, own)];
    return both({ arrays, fields: { scales: `${name}_scales` } }, codesText(name, factors));
  }
  if (!hasManyScales) return { arrays: [], fields: { scale: float(scales[0]!) } };
  const isOne = areOne(scales);
  return {
    arrays: [constant(`${name}_scales`, isOne ? scales.slice(0, 1) : scales)],
    fields: { scales: `${name}_scales`, ...(hasOneScale ? { scale_step: isOne ? '0' : '1' } : {}) },
  };
}

const rangeText = (zeroPoint: number, low: number, high: number): Finished => ({
  arrays: [],
  fields: { out_zero: String(zeroPoint), low: String(low), high: String(high) },
});

function shiftText({ name }: Layer, bias: Float32Array | null): Finished {
  return bias === null
    ? { arrays: [], fields: {} }
    : { arrays: [constant(`${name}_bias`, bias)], fields: { real_bias: `${name}_bias` } };
}

/** One row a finish. */
const FINISHES: { readonly [K in Finish['kind']]: FinishText<K> } = {
  requantize: ({ scales, zeroPoint, low, high }, layer, finishes) =>
    both(biasText(layer, finishes), scaleText(layer, scales, finishes), rangeText(zeroPoint, low, high)),
  whole: ({ multipliers, shifts, zeroPoint, low, high }, layer, finishes) => {
    const { name } = layer;
    const { factors } = factorsOf(layer)!;
    const isOne = factors.first.length === 1;
    const units = finishes.areCoded || isOne ? factors.first : factors.codes.keys();
    const own = [...units];
    const arrays = [
      constant(
        `${name}_multipliers`,
        Int32Array.from(own, (unit) => multipliers[unit]!),
      ),
      constant(
        `${name}_shifts`,
        Int8Array.from(own, (unit) => shifts[unit]!),
      ),
    ];
    const fields = { multipliers: `${name}_multipliers`, shifts: `${name}_shifts` };
    const step = { arrays: [], fields: { multiplier_step: isOne ? '0' : '1' } };
    const which = finishes.areCoded ? codesText(name, factors) : step;
    return both(biasText(layer, finishes), { arrays, fields }, which, rangeText(zeroPoint, low, high));
  },
  dequantize: ({ scales }, layer, finishes) => both(biasText(layer, finishes), scaleText(layer, scales, finishes)),
  dynamic: ({ scales, bias }, layer, finishes) => both(scaleText(layer, scales, finishes), shiftText(layer, bias)),
  real: ({ bias, activation }, layer) =>
    both(shiftText(layer, bias), { arrays: [], fields: { activation: activation.toUpperCase() } }),
};

export function finishText(layer: Layer, finishes: Finishes): Finished {
  const { finish } = layer.product;
  return (FINISHES[finish.kind] as FinishText<Finish['kind']>)(finish as never, layer, finishes);
}

/** Scales of the levels of a layer as they are read: those of a unit side by side. */
export function levelsText(layer: Layer): Finished {
  const { kernel } = layer.product;
  if (layer.as !== 'levels' || kernel.type === 'int8' || kernel.held.as !== 'levels') return { arrays: [], fields: {} };
  const { scales, group } = kernel.held;
  const name = `${layer.name}_level_scales`;
  if (areOne(scales))
    return {
      arrays: [constant(name, scales.slice(0, 1))],
      fields: { level_scales: name, groups: '0', group: String(layer.terms) },
    };
  const groups = scales.length / layer.units;
  const byUnit = scales.map((_, i) => scales[(i % groups) * layer.units + Math.floor(i / groups)]!);
  return {
    arrays: [constant(name, byUnit)],
    fields: { level_scales: name, groups: String(groups), group: String(Math.min(group, layer.terms)) },
  };
}
