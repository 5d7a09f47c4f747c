import { walkOf } from '../../kernels/walk.ts';
import type { Argument, ListedKernel } from './listing.ts';
import { windowText } from './module-products.ts';

/** How a call is written: with what the kernel is called with, and the same as texts. */
type Row = (args: readonly Argument[], texts: readonly string[]) => string;

const float = (x: Argument): string => String(Math.fround(x as number));

/** A call by the name of the kernel, with all that it takes. */
const named =
  (name: string): Row =>
  (_, texts) =>
    `${name}(${texts.join(', ')})`;

/** With some of its numbers rounded to float32, as the kernel has it. */
const rounded =
  (name: string, ...which: readonly number[]): Row =>
  (args, texts) =>
    `${name}(${texts.map((text, i) => (which.includes(i) ? float(args[i]) : text)).join(', ')})`;

const windowed =
  (name: string, ...which: readonly number[]): Row =>
  (args, texts) =>
    rounded(name, ...which)(args, [windowText(args[0] as object), ...texts.slice(1)]);

/** A function of each number. */
const mapped =
  (name: string): Row =>
  (_, [n, x, y]) =>
    `map(${n}, ${x}, ${y}, ${name})`;

/** One of each number and a parameter. */
const mappedBy =
  (of: (parameter: string) => string): Row =>
  (args, [n, x, , y]) =>
    `map(${n}, ${x}, ${y}, (x) => ${of(float(args[2]))})`;

const combined =
  (of: string): Row =>
  (_, texts) =>
    `combine(${texts.join(', ')}, (a, b) => ${of})`;

/** One row a kernel. */
export const KERNELS: { readonly [K in Exclude<ListedKernel, 'product'>]: Row } = {
  quantize: rounded('quantize', 2),
  dequantize: rounded('dequantize', 2),
  quantizeRows: (_, [, ...texts]) => `quantizeRow(${texts.join(', ')})`, // of one sample
  lookUp: named('lookUp'),
  addInt8: rounded('addInt8', 2, 5, 7),
  addInt8Whole: named('addInt8Whole'),
  addInt8Shifted: named('addInt8Shifted'),
  maxPoolInt8: windowed('maxPool'),
  avgPoolInt8: windowed('avgPoolInt8', 4),
  avgPoolInt8Whole: windowed('avgPoolInt8Whole'),
  maxPool: windowed('maxPool'),
  avgPool: windowed('avgPool'),
  max: named('max'),
  sum: named('sum'),
  add: combined('a + b'),
  mul: combined('a * b'),
  batchNorm: rounded('batchNorm', 7),
  standardize: rounded('standardize', 3),
  gather: named('rowsOf'),
  stridedCopy(args, [, x, from, , y, to]) {
    const { sizes, xSteps, ySteps } = walkOf(
      ...([args[0], args[3], args[6]] as [readonly number[], readonly number[], readonly number[]]),
    );
    const [list, xList, yList] = [sizes, xSteps, ySteps].map((each) => `[${each.join(', ')}]`);
    return sizes.length === 0
      ? `${y}[${to}] = ${x}[${from}]`
      : `copy(${list}, ${x}, ${from}, ${xList}, ${y}, ${to}, ${yList})`;
  },
  fill: (_, [n, value, y]) => `${y}.fill(${value}, 0, ${n})`,
  softmax: named('softmax'),
  logSoftmax: named('logSoftmax'),
  relu: mapped('relu'),
  relu6: mapped('relu6'),
  leakyRelu: mappedBy((slope) => `(x < 0 ? ${slope} * x : x)`),
  elu: mappedBy((alpha) => `(x < 0 ? ${alpha} * expm1(x) : x)`),
  gelu: mapped('gelu'),
  geluTanh: mapped('geluTanh'),
  sigmoid: mapped('sigmoid'),
  tanh: mapped('tanh'),
  softplus: mapped('softplus'),
  silu: mapped('silu'),
  hardSwish: mapped('hardSwish'),
  exp: mapped('exp'),
};
