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
  const { units, terms } = order;
  const isDense = extent.kind === 'dense';
  const isCentred = kernel.type === 'int8' && kernel.zeroPoint !== 0;
  if (kernel.type === 'float32' && extent.kind === 'transposed') checkFinite(name, extent.windows, kernel.values);
  const numbers =
    kernel.type === 'int8'
      ? writer.constant(inOrder(kernel.values, order), 'weights')
      : realsOf(kernel.held, extent, kernel.values, order, writer);
  const zero = isCentred ? String(kernel.zeroPoint ?? `${zeroPoint}[0]`) : '0';
  const end = (ENDS[finish.kind] as (finish: Finish, scale: string, writer: Writer) => End)(finish, scale, writer);
  const sums = SUMS[kernel.type];

  const isCentredHere = isDense && isCentred; // windows take zero points off what they gather
  const title = [isDense ? 'dense' : 'conv', sums.name, isCentredHere ? 'Centred' : '', end.name].join('');
  const sizes = isDense ? [] : ['own'];
  const own = end.parameters ?? end.own.map(([parameter]) => parameter);
  const parameters = [
    'x',
    'from',
    'y',
    'to',
    'terms',
    'units',
    ...sizes,
    'weights',
    ...(isCentredHere ? ['zero'] : []),
    ...own,
  ];
  const loops = sums.loops(isCentredHere ? '(x[i] - zero)' : 'x[i]', !isDense, end);
  writer.define(title, `function ${title}(${parameters.join(', ')}) {\n${loops}\n}`);
  const rest = [numbers, ...(isCentredHere ? [zero] : []), ...end.own.map(([, value]) => value)];
  const call = (given: string, from: string, to: string, ...parts: readonly number[]): string =>
    `${title}(${[given, from, y, to, terms, units, ...parts, ...rest].join(', ')})`;

  if (isDense) {
    if (extent.rows === 1) return `${call(x, '0', '0')};`;
    return `for (let row = 0; row < ${extent.rows}; row++) ${call(x, `row * ${terms}`, `row * ${units}`)};`;
  }
  const s = extent.windows;
  const isConv = extent.kind === 'conv';
  const groups = isConv ? s.groups : 1;
  const pixel = isConv ? s.channels : s.units;
  const patch = writer.made(`new ${sums.patch}(${groups * terms})`, 'patch');
  const step = call(patch, '0', `place * ${units}`, units / groups);
  return `${isConv ? 'eachWindow' : 'eachSource'}(${windowText(s)}, ${pixel}, (from, place) => {
    gather(${patch}, ${x}, from, ${pixel}, ${pixel / groups}, ${zero});
    ${step};
  });`;
}

interface Sums {
  readonly name: string;
  /** The class of numbers that are gathered around a place of a window. */
  readonly patch: string;
  /** The body of a function of x from \`from\` on and y from \`to\` on; in groups, of each its terms and then the next. */
  readonly loops: (number: string, hasGroups: boolean, end: End) => string;
}

/** One row a kind of kernel. */
const SUMS: { readonly [K in Product['kernel']['type']]: Sums } = {
  // Unit by unit
  int8: {
    name: 'Int8',
    patch: 'Int16Array',
    loops: (number, hasGroups, { start, store }) => `  for (let u = 0, w = 0; u < units; u++) {
    let sum = ${start};
    for (let i = from${hasGroups ? ' + Math.floor(u / own) * terms' : ''}, end = i + terms; i < end; i++) sum = (sum + ${number} * weights[w++]) | 0;
    y[to + u] = ${store};
  }`,
  },
  // Term by term, since sums that wait for themselves take several times as long; a number that is stored is rounded
  float32: {
    name: '',
    patch: 'Float32Array',
    loops: (_, hasGroups, { store }) =>
      [
        '  y.fill(0, to, to + units);',
        '  for (let i = 0, w = 0; i < terms; i++)',
        hasGroups
          ? `    for (let end = to + own, u = to, at = from + i; u < to + units; end += own, at += terms)
      for (const v = x[at]; u < end; u++) y[u] += fr(v * weights[w++]);`
          : '    for (let u = to, v = x[from + i]; u < to + units; u++) y[u] += fr(v * weights[w++]);',
        ...(store === 'sum'
          ? []
          : [`  for (let u = 0; u < units; u++) y[to + u] = ${store.replace('sum', 'y[to + u]')};`]),
      ].join('\n'),
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

/** Positions that no stride reaches are no terms, and count as 0 here: times a weight that is no finite number that is NaN. */
function checkFinite(name: string, s: Convolution, values: Float32Array): void {
  if (values.every((x) => Math.abs(x) < Infinity)) return;
  throw new StateError(
    'toModule',
    `node "${name}" is a transposed convolution with strides of ${s.strideY} and ${s.strideX} and has weights that are NaN or infinite. Train it again, or replace them`,
  );
}

/** What a sum starts with and what becomes of it, and what the function has to be given for that. */
interface End {
  readonly name: string;
  readonly start: string;
  readonly store: string;
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
  parameters: ['bias', 'scales', 'point', 'low', 'high'],
  start: 'bias[u]',
  store: 'point === undefined ? fr(fr(sum) * scales[u]) : toInt8(fr(fr(sum) * scales[u]), point, low, high)',
};

const realValues = (bias: Int32Array, scales: Float32Array, constant: Writer['constant']): End['own'] => [
  ['bias', constant(bias, 'bias')],
  ['scales', constant(scales, 'scales')],
];

/** One row a kind of finish. */
const ENDS: Ends = {
  requantize: ({ bias, scales, zeroPoint, low, high }, _, { constant }) => ({
    ...REAL_END,
    own: [...realValues(bias, scales, constant), ...plain({ point: zeroPoint, low, high })],
  }),
  whole: ({ bias, multipliers, shifts, zeroPoint, low, high }, _, { constant }) => ({
    name: 'Whole',
    own: [
      ['bias', constant(bias, 'bias')],
      ['multipliers', constant(multipliers, 'multipliers')],
      ['shifts', constant(shifts, 'shifts')],
      ...plain({ point: zeroPoint, low, high }),
    ],
    start: 'bias[u]',
    store: 'Math.min(Math.max(scaled(sum, multipliers[u], shifts[u]) + point, low), high)',
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

/** The name of a kernel of real numbers, of each term the units, made of what it is held as. */
function realsOf(held: Held, extent: Extent, values: Float32Array, order: ReadOrder, writer: Writer): string {
  const isMixed = held.as === 'levels' && extent.kind === 'transposed'; // scales lie along another axis than that of the units
  if (held.as === 'float32' || isMixed) return writer.constant(byTerms(values, order), 'weights');
  const name = writer.constant(byTerms(held.numbers as Int8Array, order), 'numbers');
  const make = HELD[held.as] as (held: Held, name: string, order: ReadOrder, writer: Writer) => string;
  return writer.made(make(held, name, order, writer), 'weights');
}

/** Numbers term by term, of each the units. */
function byTerms<N extends Int8Array | Float32Array>(numbers: N, order: ReadOrder): N {
  const { units, terms } = order;
  const own = inOrder(numbers, order);
  return own.map((_, i) => own[(i % units) * terms + Math.floor(i / units)]!) as N;
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
  levels: ({ group, scales }, name, { units, terms }, { constant }) =>
    `floatsOfLevels(${name}, ${units}, ${Math.min(group, terms)}, ${constant(scales, 'scales')})`,
  float16: (_, name) => `floatsOfHalves(${name})`,
  bfloat16: (_, name) => `floatsOfUpper(${name})`,
};
