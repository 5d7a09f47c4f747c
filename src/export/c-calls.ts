import type { Window } from '../../kernels/interface/convolution.ts';
import { StateError } from '../base/errors.ts';
import { elementsOf } from '../base/shape.ts';
import { windowFields } from './c-layers.ts';
import type { RoutineName } from './c-routine.ts';
import { smallestTable } from './c-tables.ts';
import { float, indented, integer } from './c-text.ts';
import type { Argument, ListedKernel, Numbers } from './listing.ts';
import type { Held } from './product.ts';
import type { Numbers as Stored } from './storage.ts';

/** What a call needs of the file that it stands in. */
export interface CallSite {
  readonly args: readonly Argument[];
  /** Names a routine that has to be there. */
  use(routine: RoutineName): string;
  /** Numbers that a call writes or reads, as C has them. */
  place(argument: number): string;
  /** The array that an argument is; null for numbers in memory. */
  array(argument: number): Numbers | null;
  /** The name of an array that code only reads. */
  constant(numbers: Numbers | Stored): string;
  /** What the array that an argument is is made of; null where it is not known. */
  held(argument: number): Held | null;
  readonly isSmall: boolean;
  /** The name of a declaration, made once. */
  declare(name: string, text: (name: string) => string): string;
}

/** Lines of C. */
type CallText = (site: CallSite) => string;

const count = ({ args }: CallSite, i: number): string => String(args[i] as number);
const real = ({ args }: CallSite, i: number): string => float(Math.fround(args[i] as number));
const whole = ({ args }: CallSite, i: number): string => integer(args[i] as number);

/** A call with arguments that are counts (n), real numbers (r), whole numbers (i), places (p) or left out (_), in order. */
const called =
  (routine: RoutineName, kinds: string): CallText =>
  (site) => {
    const texts = [...kinds].flatMap((kind, i) => {
      if (kind === 'n') return count(site, i);
      if (kind === 'r') return real(site, i);
      if (kind === 'i') return whole(site, i);
      return kind === 'p' ? site.place(i) : [];
    });
    return `${site.use(routine)}(${texts.join(', ')});`;
  };

/** A window over images, and how many channels these have. */
function windowed(site: CallSite): string {
  site.use('window');
  const { batch: _, ...window } = site.args[0] as Window;
  const fields = Object.entries(windowFields({ ...window, channels: site.args[1] as number }));
  const text = fields.map(([field, value]) => `.${field} = ${value}`).join(', ');
  return `&${site.declare('window', (name) => `static const WHITTLE_FLASH struct window ${name} = {\n  ${text}\n};`)}`;
}

/** Numbers of two places, or of a place and of a row that is added to each of its rows. */
const binary =
  (ofPlaces: RoutineName | null, ofRows: RoutineName): CallText =>
  (site) => {
    const [rows, n, , aRow, aCol, , bRow, bCol] = site.args as number[];
    const row = site.array(5);
    const isWhole = aRow === n && aCol === 1 && bCol === 1;
    if (ofPlaces !== null && isWhole && row === null && bRow === n)
      return `${site.use(ofPlaces)}(${rows! * n!}, ${site.place(2)}, ${site.place(5)}, ${site.place(8)});`;
    if (isWhole && row !== null && bRow === 0)
      return `${site.use(ofRows)}(${rows}, ${n}, ${site.place(2)}, ${site.constant(row)}, ${site.place(8)});`;
    throw new StateError('toC', 'a sum or product of values that are broadcast has no form in C');
  };

const fr = Math.fround;

/** The statistics of a BatchNorm are constants, and so is what deviations are multiplied with. */
const batchNorm: CallText = (site) => {
  const [mean, variance, gamma, beta] = [3, 4, 5, 6].map((i) => (site.args[i] === null ? null : site.array(i)));
  const epsilon = fr(site.args[7] as number);
  const scale = Float32Array.from(variance!, (v, i) => {
    const inverse = fr(1 / fr(Math.sqrt(fr(v + epsilon))));
    return gamma ? fr(gamma[i]! * inverse) : inverse;
  });
  const last = beta ? site.constant(beta) : '0';
  const arrays = `${site.constant(mean!)}, ${site.constant(scale)}, ${last}`;
  return `${site.use('normalize')}(${count(site, 0)}, ${count(site, 1)}, ${site.place(2)}, ${arrays}, ${site.place(8)});`;
};

interface Axis {
  n: number;
  from: number;
  to: number;
}

/** Axes of a copy, without those of one number, and with neighbours that are one axis as one. */
function axesOf(shape: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (const [i, n] of shape.entries()) {
    if (n === 1) continue;
    const axis: Axis = { n, from: from[i]!, to: to[i]! };
    const outer = axes.at(-1);
    if (outer !== undefined && outer.from === n * axis.from && outer.to === n * axis.to) {
      axes.splice(-1, 1, { ...axis, n: outer.n * n });
    } else axes.push(axis);
  }
  return axes;
}

const sum = (...terms: readonly string[]): string => terms.filter((term) => term !== '' && term !== '0').join(' + ');
const times = (i: string, step: number): string => (step === 0 ? '' : step === 1 ? i : `${i} * ${step}`);

/** Loops over the axes of a copy; numbers that lie side by side in both are moved at once. */
const stridedCopy: CallText = (site) => {
  const [shape, , xOffset, xStrides, , yOffset, yStrides] = site.args as [
    number[],
    0,
    number,
    number[],
    0,
    number,
    number[],
  ];
  const source = site.array(1);
  const y = site.place(4);
  if (source !== null) {
    if (source.length !== 1) throw new StateError('toC', 'numbers of a constant that are copied have no form in C');
    return `memset(${sum(y, String(yOffset))}, ${source[0]!}, ${elementsOf(shape)});`;
  }
  const axes = axesOf(shape, xStrides, yStrides);
  const last = axes.at(-1);
  const isRun = last !== undefined && last.from === 1 && last.to === 1;
  const loops = isRun ? axes.slice(0, -1) : axes;
  const names = loops.map((_, i) => 'ijklmn'[i]!);
  const from = sum(site.place(1), String(xOffset), ...loops.map(({ from }, i) => times(names[i]!, from)));
  const to = sum(y, String(yOffset), ...loops.map(({ to }, i) => times(names[i]!, to)));
  const run = isRun ? last.n : 1;
  const move = run === 1 ? `*(${to}) = *(${from});` : `memcpy(${to}, ${from}, ${run} * sizeof *${y});`;
  return loops.reduceRight(
    (text, { n }, i) => `for (size_t ${names[i]} = 0; ${names[i]} < ${n}; ${names[i]}++)\n${indented(text)}`,
    move,
  );
};

const gather: CallText = (site) => {
  const [outer, entries, units, n] = site.args as number[];
  const table = site.array(4);
  if (outer !== 1 || table === null) throw new StateError('toC', 'a table that is no constant has no form in C');
  const isCoded = table instanceof Float32Array && site.isSmall;
  const { routine, args } = isCoded
    ? smallestTable(table, site.held(4), units!)
    : { routine: table instanceof Int8Array ? ('gather_int8' as const) : ('gather' as const), args: [table] };
  const own = args.map((arg) => (typeof arg === 'number' ? String(arg) : site.constant(arg)));
  const texts = [entries, units, n, ...own, site.place(5), site.place(6)];
  return `if (${site.use(routine)}(${texts.join(', ')})) return 1;`;
};

const poolInt8: CallText = (site) =>
  `${site.use('avg_pool_int8')}(${windowed(site)}, ${site.place(2)}, ${whole(site, 3)}, ${real(site, 4)}, ${whole(site, 5)}, ${site.place(6)});`;

const pool =
  (routine: RoutineName): CallText =>
  (site) =>
    `${site.use(routine)}(${windowed(site)}, ${site.place(2)}, ${site.place(3)});`;

const lookUp: CallText = (site) =>
  `${site.use('look_up')}(${count(site, 0)}, ${site.place(1)}, ${site.constant(site.array(2)!)}, ${site.place(3)});`;

const each = (routine: RoutineName): CallText => called(routine, 'npp');

/** One row a kernel. */
export const CALLS: { readonly [K in Exclude<ListedKernel, 'product'>]: CallText } = {
  quantize: called('quantize', 'nprip'),
  dequantize: called('dequantize', 'nprip'),
  quantizeRows: called('quantize_rows', '_npppp'),
  lookUp,
  addInt8: called('add_int8', 'npripririp'),
  addInt8Whole: called('add_int8_whole', 'npiiipiiiiiip'),
  addInt8Shifted: called('add_int8_shifted', 'npipiiiip'),
  maxPoolInt8: pool('max_pool_int8'),
  avgPoolInt8: poolInt8,
  avgPoolInt8Whole: pool('avg_pool_int8_whole'),
  maxPool: pool('max_pool'),
  avgPool: pool('avg_pool'),
  max: called('reduce_max', 'nnnpp'),
  sum: called('reduce_sum', 'nnnpnp'),
  add: binary('add', 'add_to_rows'),
  mul: binary(null, 'multiply_rows'),
  batchNorm,
  standardize: called('standardize', 'nnprp'),
  gather,
  stridedCopy,
  fill: called('fill', 'nrp'),
  softmax: called('softmax', 'nnpp'),
  logSoftmax: called('log_softmax', 'nnpp'),
  relu: each('each_relu'),
  relu6: each('each_relu6'),
  leakyRelu: called('each_leaky_relu', 'nprp'),
  elu: called('each_elu', 'nprp'),
  gelu: each('each_gelu'),
  geluTanh: each('each_gelu_tanh'),
  sigmoid: each('each_sigmoid'),
  tanh: each('each_tanh'),
  softplus: each('each_softplus'),
  silu: each('each_silu'),
  hardSwish: each('each_hard_swish'),
  exp: each('each_exp'),
};
