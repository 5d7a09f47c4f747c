import { cpu, type Kernels } from 'whittle-ml/kernels';
import { normal } from './data.ts';
import type { Entrants } from './entrants.ts';
import type { Int8Problem } from './peer.ts';
import { checkProduct, exactProduct, type GemmShape, nameOfShape } from './product.ts';
import { CheckError, type ClockedVariant, join, type Row, type Variant } from './row.ts';
import { implementations, type Place, Places, type Table } from './tables.ts';

const SHAPES: readonly GemmShape[] = [
  ...[64, 128, 256, 512].map((n) => [n, n, n] as const),
  [32, 784, 128],
  [32, 100, 64],
  [1, 784, 128],
];

/** What a quantized layer needs of its activations, as `chooseQParams` gives it for normal numbers. */
const SCALE = Math.fround(9 / 255);
const ZERO_POINT = 2;

/** Normal activations, and weights whose scales differ from column to column. */
export function problemOf([m, k, n]: GemmShape): Omit<Int8Problem, 'quantize'> {
  const a = normal(m * k, 1);
  const a8 = new Int8Array(m * k);
  cpu.quantize(m * k, a, SCALE, ZERO_POINT, a8);
  const weightScales = Float32Array.from(normal(n, 3), (x) => 0.01 * (1.5 + Math.abs(x)));
  const weights = new Int8Array(k * n);
  cpu.quantizeColumns(k, n, normal(k * n, 2), weightScales, weights);
  return { m, n, k, a, a8, weights, weightScales };
}

type Problem = ReturnType<typeof problemOf>;

/** The weights as real numbers: what the integers stand for. */
const realWeights = ({ n, weights, weightScales }: Problem): Float32Array =>
  Float32Array.from(weights, (q, at) => q * weightScales[at % n]!);

const clocked = (call: () => void, y: Float32Array | Int32Array) => (): number => {
  call();
  return y[0]!;
};

/** float32 by float32, which the integers have to beat. */
function float32({ name, kernels }: Table, problem: Problem, place: Place): Variant {
  const { m, n, k } = problem;
  const real = realWeights(problem);
  const a = place.hold(problem.a);
  const b = place.hold(real);
  const c = place.floats(m * n);
  const call = (): void => kernels.gemm(m, n, k, a, false, b, false, null, 'linear', c);
  const check = (): void => {
    call();
    checkProduct(name, c, exactProduct([m, k, n], problem.a, real));
  };
  return { who: name, how: 'float32', ours: true, run: clocked(call, c), check };
}

/** The weights in the order in which `gemmInt8` reads them: constants are packed once, before they are used. */
function packed({ kernels }: Table, { n, k, weights }: Problem, place: Place): Int8Array {
  const panels = place.hold(new Int8Array(32 * Math.ceil(n / 16) * Math.ceil(k / 2)));
  kernels.packInt8(k, n, weights, panels);
  return panels;
}

/** int8 by int8 to int32. */
export function integers(table: Table, problem: Problem, place: Place): ClockedVariant {
  const { name, kernels } = table;
  const { m, n, k } = problem;
  const a = place.hold(problem.a8);
  const b = packed(table, problem, place);
  const c = place.hold(new Int32Array(m * n));
  const call = (): void => kernels.gemmInt8(m, n, k, a, b, c);
  const check = (): void => {
    call();
    checkIntegers(name, problem, c);
  };
  return { who: name, how: 'int8', ours: true, run: clocked(call, c), check };
}

/** float32 to float32 with the integers inside: quantize, multiply, scale. */
function quantized(table: Table, problem: Problem, place: Place): Variant {
  const { name, kernels } = table;
  const { m, n, k, weightScales } = problem;
  const x = place.hold(problem.a);
  const q = place.hold(problem.a8);
  const w = packed(table, problem, place);
  const sums = place.hold(new Int32Array(m * n));
  const y = place.floats(m * n);
  const bias = place.hold(zeroPointBias(problem));
  const scales = place.hold(weightScales.map((scale) => SCALE * scale));
  const call = (): void => {
    kernels.quantize(m * k, x, SCALE, ZERO_POINT, q);
    kernels.gemmInt8(m, n, k, q, w, sums);
    kernels.dequantizeColumns(m, n, sums, bias, scales, y);
  };
  const check = (): void => {
    call();
    checkQuantized(name, problem, y);
  };
  return { who: name, how: 'int8 quantize', ours: true, run: clocked(call, y), check };
}

/** -zeroPoint·Σ over the rows of the weights: what the zero point of the activations adds to every sum. */
function zeroPointBias({ n, weights }: Problem): Int32Array {
  const bias = new Int32Array(n);
  for (let at = 0; at < weights.length; at++) bias[at % n]! -= ZERO_POINT * weights[at]!;
  return bias;
}

/** Throws CheckError unless every sum is exact. */
export function checkIntegers(name: string, { m, n, k, a8, weights }: Problem, c: ArrayLike<number>): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0; // a double holds every sum of these exactly
      for (let p = 0; p < k; p++) sum += a8[i * k + p]! * weights[p * n + j]!;
      if (sum === c[i * n + j]) continue;
      throw new CheckError(`${name}: int8 product [${i}, ${j}] is ${c[i * n + j]}, should be ${sum}`);
    }
  }
}

/** Within what rounding every activation by half a step may do; a peer chooses its step by the range of the data. */
function checkQuantized(name: string, problem: Problem, y: ArrayLike<number>): void {
  const { m, n, k, a } = problem;
  const { shape, cells } = exactProduct([m, k, n], a, realWeights(problem));
  const bounds = new Float64Array(m * n);
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += Math.abs(problem.weights[p * n + j]!) * problem.weightScales[j]!;
    for (let i = 0; i < m; i++) bounds[i * n + j] = 0.51 * SCALE * sum + 1e-4;
  }
  checkProduct(name, y, { shape, cells, bounds });
}

/** The product of bytes against that of floats, with and without quantizing the activations. */
export function gemmInt8Rows(tables: readonly Table[], peers: Entrants): Row[] {
  const both = (name: keyof Kernels): Table[] =>
    implementations(
      tables.filter((table) => table.name !== 'reference'),
      name,
    );
  return SHAPES.map((shape): Row => {
    const [m, k, n] = shape;
    return {
      name: `gemmInt8 ${nameOfShape(shape)}`,
      work: 2 * m * n * k,
      unit: 'GOP/s',
      ratio: 'speed',
      quick: m === 256,
      peers: true,
      open: async () => {
        const problem = problemOf(shape);
        const places = new Places();
        // The floats of the fastest exact table first: they are what the ratios are to.
        const floats = both('gemm')
          .filter(({ name }) => name !== 'own')
          .sort((p, q) => Number(q.exact) - Number(p.exact) || tables.indexOf(q) - tables.indexOf(p));
        const bytes = both('gemmInt8');
        const variants = [
          ...floats.map((table) => float32(table, problem, places.of(table))),
          ...bytes.map((table) => integers(table, problem, places.of(table))),
          ...bytes.map((table) => quantized(table, problem, places.of(table))),
        ];
        return join(
          { variants, failures: [], close: () => places.free() },
          await peers.enter(
            'int8',
            (peer) => peer.gemmInt8?.({ ...problem, quantize: false }),
            (name, c) => checkIntegers(name, problem, c),
          ),
          await peers.enter(
            'int8 quantize',
            (peer) => peer.gemmInt8?.({ ...problem, quantize: true }),
            (name, y) => checkQuantized(name, problem, y),
          ),
        );
      },
    };
  });
}
