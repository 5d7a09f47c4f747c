import type { Convolution } from '../../kernels/interface/convolution.ts';
import { StateError } from '../base/errors.ts';
import type { Coded } from './module-coder.ts';
import { inOrder, type ReadOrder, readOrder } from './order.ts';
import type { Extent, Finish, Held, Product } from './product.ts';

/** What the text of a module is made with. */
export interface Writer {
  /** The name of numbers that the module holds: what is read of the text, and what is called on that. */
  readonly constant: (numbers: Coded | Float32Array, hint: string) => string;
  /** The name of numbers that are made of others when the module is loaded. */
  readonly made: (expression: string, hint: string) => string;
  /** Defines a function, once. */
  readonly define: (name: string, text: string) => void;
}

/** How a call of a product is written, in the text of a function that it defines. */
export function productCall(
  product: Product,
  [x, scale, zeroPoint, y]: readonly [x: string, scale: string, zeroPoint: string, y: string],
  writer: Writer,
): string {
  const { extent, kernel, finish, name } = product;
  const order = readOrder(product);
  const sums = SUMS[kernel.type];
  const isCentred = kernel.type === 'int8' && (kernel.zeroPoint === null || kernel.zeroPoint !== 0);
  const zero = isCentred ? [['zero', String(kernel.zeroPoint ?? `${zeroPoint}[0]`)] as const] : [];
  if (kernel.type === 'float32' && extent.kind !== 'dense') checkFinite(name, extent.windows, kernel.values);
  const numbers =
    kernel.type === 'int8'
      ? writer.constant(inOrder(kernel.values, order), 'weights')
      : realsOf(kernel.held, extent, kernel.values, order, writer);
  const end = (ENDS[finish.kind] as (finish: Finish, scale: string, writer: Writer) => End)(finish, scale, writer);
  const walk = WALKS[extent.kind === 'dense' && extent.rows !== 1 ? 'rows' : extent.kind];
  const title = [walk.name, sums.name, isCentred ? 'Centred' : '', end.name].join('');
  const own = end.parameters ?? end.own.map(([parameter]) => parameter);
  const parameters = ['x', 'y', ...walk.parameters, 'weights', ...(isCentred ? ['zero'] : []), ...own];
  const term = (x: string, w: string): string => sums.term(isCentred ? `(${x} - zero)` : x, w);
  const loops = walk.loops({ term, ...end });
  writer.define(title, `function ${title}(${parameters.join(', ')}) {\n${loops}\n}`);
  const sizes = (walk.sizes as (extent: Extent, order: ReadOrder) => readonly string[])(extent, order);
  const values = [x, y, ...sizes, numbers, ...[...zero, ...end.own].map(([, value]) => value)];
  return `${title}(${values.join(', ')});`;
}

/** How a sum starts, how the next term is added, and what is stored of it. */
interface Body {
  readonly start: string;
  readonly term: (x: string, w: string) => string;
  readonly store: string;
}

/** One row a kind of kernel. */
const SUMS: { readonly [K in Product['kernel']['type']]: Pick<Body, 'term'> & { readonly name: string } } = {
  int8: { name: 'Int8', term: (x, w) => `(sum + ${x} * ${w}) | 0` },
  float32: { name: '', term: (x, w) => `fr(sum + fr(${x} * ${w}))` },
};

interface Walk<E extends Extent> {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly sizes: (extent: E, order: ReadOrder) => readonly string[];
  readonly loops: (body: Body) => string;
}

/** Loops over the places of a window, of either direction. */
const windowed =
  (each: 'eachWindow' | 'eachSource') =>
  ({ term, start, store }: Body): string =>
    `  ${each}(s, pixel, (from, which, count, place) => {
    for (let u = 0; u < units; u++) {
      const first = Math.floor(u / own) * part;
      let sum = ${start};
      for (let t = 0; t < count; t++) {
        const at = from[t] + first, w = u * terms + which[t] * part;
        for (let c = 0; c < part; c++) sum = ${term('x[at + c]', 'weights[w + c]')};
      }
      y[place * units + u] = ${store};
    }
  });`;

/** Of a window: numbers a pixel that is read, those that a unit reads, units that read the same, units, and terms of each. */
const WINDOWED = ['s', 'pixel', 'part', 'own', 'units', 'terms'];

/** One row a kind of product, and one for a single row of a dense layer. */
const WALKS: {
  readonly [K in Extent['kind'] | 'rows']: Walk<Extract<Extent, { kind: K extends 'rows' ? 'dense' : K }>>;
} = {
  dense: {
    name: 'dense',
    parameters: ['terms', 'units'],
    sizes: ({ terms, units }) => [terms, units].map(String),
    loops: ({ term, start, store }) => `  for (let u = 0, w = 0; u < units; u++) {
    let sum = ${start};
    for (let i = 0; i < terms; i++) sum = ${term('x[i]', 'weights[w++]')};
    y[u] = ${store};
  }`,
  },
  rows: {
    name: 'denseRows',
    parameters: ['rows', 'terms', 'units'],
    sizes: ({ rows, terms, units }) => [rows, terms, units].map(String),
    loops: ({ term, start, store }) => `  for (let row = 0; row < rows; row++)
    for (let u = 0, w = 0; u < units; u++) {
      let sum = ${start};
      for (let i = row * terms, end = i + terms; i < end; i++) sum = ${term('x[i]', 'weights[w++]')};
      y[row * units + u] = ${store};
    }`,
  },
  conv: {
    name: 'conv',
    parameters: WINDOWED,
    sizes({ windows }, { units, terms }) {
      const { channels, groups } = windows;
      return [windowText(windows), ...[channels, channels / groups, units / groups, units, terms].map(String)];
    },
    loops: windowed('eachWindow'),
  },
  transposed: {
    name: 'transposed',
    parameters: WINDOWED,
    sizes: ({ windows }, { units, terms }) => {
      const pixel = String(windows.units);
      return [windowText(windows), pixel, pixel, String(units), String(units), String(terms)];
    },
    loops: windowed('eachSource'),
  },
};

/** What is the same in most windows, and left out. */
const USUAL: Readonly<Record<string, number>> = {
  ...{ kernelHeight: 1, kernelWidth: 1, strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0 },
};

/** A window as the text of an object. */
export function windowText(s: object): string {
  const fields = Object.entries(s).filter(
    ([field, n]) => !['batch', 'channels', 'units', 'groups'].includes(field) && USUAL[field] !== n,
  );
  return `{ ${fields.map(([field, n]) => `${field}: ${n}`).join(', ')} }`;
}

/** Windows leave out what is outside of the image, which is 0: of weights that are no finite numbers it would be NaN. */
function checkFinite(name: string, s: Convolution, values: Float32Array): void {
  if (values.every((x) => Math.abs(x) < Infinity)) return;
  throw new StateError(
    'toModule',
    `node "${name}" has weights that are NaN or infinite, and windows of ${s.kernelHeight}x${s.kernelWidth}. Train it again, or replace them`,
  );
}

/** What a sum starts with and what becomes of it, and what the function has to be given for that. */
interface End extends Pick<Body, 'start' | 'store'> {
  readonly name: string;
  /** Those of `own`, unless some may be left out. */
  readonly parameters?: readonly string[];
  readonly own: readonly (readonly [parameter: string, value: string])[];
}

type Ends = {
  readonly [K in Finish['kind']]: (finish: Extract<Finish, { kind: K }>, scale: string, writer: Writer) => End;
};

const plain = (fields: Readonly<Record<string, number>>): (readonly [string, string])[] =>
  Object.entries(fields).map(([field, x]) => [field, String(x)] as const);

/** Sums times scales as real numbers, and as int8 where a format is given: one function, which is called once a unit. */
const REAL_END: Pick<End, 'name' | 'parameters' | 'start' | 'store'> = {
  name: '',
  parameters: ['bias', 'scales', 'to', 'low', 'high'],
  start: 'bias[u]',
  store: 'to === undefined ? fr(fr(sum) * scales[u]) : toInt8(fr(fr(sum) * scales[u]), to, low, high)',
};

const realValues = (bias: Int32Array, scales: Float32Array, constant: Writer['constant']): End['own'] => [
  ['bias', constant(bias, 'bias')],
  ['scales', constant(scales, 'scales')],
];

/** One row a kind of finish. */
const ENDS: Ends = {
  requantize: ({ bias, scales, zeroPoint, low, high }, _, { constant }) => ({
    ...REAL_END,
    own: [...realValues(bias, scales, constant), ...plain({ to: zeroPoint, low, high })],
  }),
  whole: ({ bias, multipliers, shifts, zeroPoint, low, high }, _, { constant }) => ({
    name: 'Whole',
    own: [
      ['bias', constant(bias, 'bias')],
      ['multipliers', constant(multipliers, 'multipliers')],
      ['shifts', constant(shifts, 'shifts')],
      ...plain({ to: zeroPoint, low, high }),
    ],
    start: 'bias[u]',
    store: 'Math.min(Math.max(scaled(sum, multipliers[u], shifts[u]) + to, low), high)',
  }),
  dequantize: ({ bias, scales }, _, { constant }) => ({ ...REAL_END, own: realValues(bias, scales, constant) }),
  dynamic: ({ scales, bias }, scale, { constant }) => ({
    name: `Dynamic${bias === null ? '' : 'Biased'}`,
    own: [
      ['scale', `${scale}[0]`],
      ['scales', constant(scales, 'scales')],
      ...(bias === null ? [] : [['bias', constant(bias, 'bias')] as const]),
    ],
    start: '0',
    store: `fr(fr(sum) * fr(scale * scales[u]))${bias === null ? '' : ' + bias[u]'}`,
  }),
  real({ bias, activation }, _, { constant }) {
    const sum = bias === null ? 'sum' : 'fr(sum + bias[u])';
    return {
      name: `${bias === null ? '' : 'Biased'}${activation === 'linear' ? '' : activation.replace('r', 'R')}`,
      own: bias === null ? [] : [['bias', constant(bias, 'bias')]],
      start: '0',
      store: activation === 'linear' ? sum : `${activation}(${sum})`,
    };
  },
};

/** The name of a kernel of real numbers, in the order in which they are read, made of what it is held as. */
function realsOf(held: Held, extent: Extent, values: Float32Array, order: ReadOrder, writer: Writer): string {
  const own = inOrder(values, order);
  const isMixed = held.as === 'levels' && extent.kind === 'transposed'; // scales lie along another axis than that of the units
  if (held.as === 'float32' || isMixed) return writer.constant(own, 'weights');
  const numbers = inOrder(held.numbers as Int8Array, order);
  const name = writer.constant(numbers, 'numbers');
  return writer.made(
    (HELD[held.as] as (held: Held, name: string, order: ReadOrder, w: Writer) => string)(held, name, order, writer),
    'weights',
  );
}

type Made = {
  readonly [A in Exclude<Held['as'], 'float32'>]: (
    held: Extract<Held, { as: A }>,
    name: string,
    order: ReadOrder,
    writer: Writer,
  ) => string;
};

/** One row a way in which numbers are held. */
const HELD: Made = {
  levels({ group, scales }, name, { units, terms }, { constant }) {
    const groups = Math.ceil(terms / group);
    // Unit by unit, as they are read
    const own = Float32Array.from(scales, (_, i) => scales[(i % groups) * units + Math.floor(i / groups)]!);
    return `floatsOfLevels(${name}, ${terms}, ${Math.min(group, terms)}, ${constant(own, 'scales')})`;
  },
  float16: (_, name) => `floatsOfHalves(${name})`,
  bfloat16: (_, name) => `floatsOfUpper(${name})`,
};
