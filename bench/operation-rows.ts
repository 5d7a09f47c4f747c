import { cpu, type Kernels, reference } from 'whittle-ml/kernels';
import { checkSame, checkScaled, normal } from './data.ts';
import {
  checkCodes,
  type IntegerOperands,
  integerOperandsOf,
  integerOperationOn,
  isInteger,
} from './integer-operation.ts';
import {
  type Operation,
  type OperationProblem,
  type OperationShape,
  operationOn,
  packedConvolutionOn,
  sizesOf,
  workOf,
} from './operation.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import { type Place, Places, type Table } from './tables.ts';

const BATCH = 32;

const convolution = (size: number, channels: number, units: number, batch: number): OperationShape => ({
  kind: 'conv2d',
  ...{ batch, height: 14, width: 14, channels, units, size, stride: 1, padding: (size - 1) / 2 },
});

const depthwise = (channels: number, stride: number): OperationShape => ({
  kind: 'depthwise',
  ...{ batch: BATCH, height: 28, width: 28, channels, units: channels, size: 3, stride, padding: 1 },
});

/** What the article's network has behind its convolution: 26x26 with 32 channels. */
const others = (['maxPool', 'avgPool', 'batchNorm', 'batchNormInference'] as const).map((kind): OperationShape => {
  const size = kind === 'batchNorm' || kind === 'batchNormInference' ? 1 : 2;
  return { kind, batch: BATCH, height: 26, width: 26, channels: 32, units: 32, size, stride: size, padding: 0 };
});

const CHANNELS = [8, 16, 32, 64, 128];

const SHAPES: readonly OperationShape[] = [
  ...[3, 1].flatMap((size) => CHANNELS.flatMap((n) => [1, BATCH].map((batch) => convolution(size, n, n, batch)))),
  ...[32, 64].flatMap((n) => [depthwise(n, 1), depthwise(n, 2)]),
  ...others,
];

/** Rows that `--quick` takes, by the first words of their names. */
const QUICK = ['conv2d 3x3 8->8', 'conv2d 1x1 32->32', 'depthwise 3x3 32 stride 2', 'maxPool', 'batchNorm'];

const nameOf = ({ kind, size, channels, units, stride, height, width, batch }: OperationShape): string => {
  const words = {
    conv2d: `conv2d ${size}x${size} ${channels}->${units}`,
    depthwise: `depthwise ${size}x${size} ${channels} stride ${stride}`,
    maxPool: `maxPool ${size}x${size} ${channels}`,
    avgPool: `avgPool ${size}x${size} ${channels}`,
    batchNorm: `batchNorm ${channels}`,
    batchNormInference: `batchNorm inference ${channels}`,
  };
  return `${words[kind]} ${height}x${width} batch ${batch}`;
};

export function problemOf(shape: OperationShape, gradients: boolean): OperationProblem {
  const sizes = sizesOf(shape);
  const weights = sizes.weights.map((n, i) => (i < 3 ? normal(n, 2 + i) : normal(n, 2 + i).map((v) => v * v + 0.1)));
  return { ...shape, gradients, x: normal(sizes.x, 1), weights, dy: normal(sizes.y, 5), int8: null };
}

/** All that an operation writes, one array behind the other. */
export function written({ call, results }: Operation, batch: number): Float32Array {
  for (const result of results) result.fill(7); // so that a cell left out is noticed
  call(batch);
  const all = new Float32Array(results.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const result of results) {
    all.set(result, at);
    at += result.length;
  }
  return all;
}

const inArrays: Place = { hold: (values) => values.slice() as typeof values, floats: (n) => new Float32Array(n) };

/** On the first image as `reference`, which would take seconds for all of them; on all as `cpu`, checked in the same way. */
function variantOn(
  { name, exact }: Table,
  p: OperationProblem,
  operation: Operation,
  expected: readonly [Float32Array, Float32Array],
): Variant {
  const first = operation.results[0]!;
  const check = (): void => {
    for (const [i, batch] of [1, p.batch].entries()) {
      const got = written(operation, batch);
      if (exact) checkSame(name, got, expected[i]!);
      else checkScaled(name, got, expected[i]!);
    }
  };
  const run = (): number => {
    operation.call(p.batch);
    return first[0]! + first[first.length - 1]!;
  };
  return { who: name, how: '', ours: true, run, check };
}

/** On the first image as `reference`, on all as `cpu`. */
function integersOn(
  { name, kernels }: Table,
  p: OperationProblem,
  operands: IntegerOperands,
  place: Place,
  expected: readonly [Int8Array, Int8Array],
): Variant {
  const { call, y } = integerOperationOn(kernels, p, operands, place);
  const check = (): void => {
    for (const [i, batch] of [1, p.batch].entries()) {
      y.fill(7);
      call(batch);
      checkCodes(`${name} int8`, y, expected[i]!, 0);
    }
  };
  const run = (): number => {
    call(p.batch);
    return y[0]! + y[y.length - 1]!;
  };
  return { who: name, how: 'int8', ours: true, base: name, run, check };
}

/** The same operation in int8, its weights packed beforehand; other libraries may be a step off, as they round otherwise. */
async function openIntegers(
  p: OperationProblem,
  y: Float32Array,
  tables: readonly Table[],
  peers: Peers,
): Promise<Contest> {
  const operands = integerOperandsOf(p, y);
  const on = (k: Kernels, batch: number): Int8Array => {
    const operation = integerOperationOn(k, p, operands, inArrays);
    operation.y.fill(7);
    operation.call(batch);
    return operation.y;
  };
  const [one, all] = [on(reference, 1), on(cpu, p.batch)];
  const places = new Places();
  const variants = tables.map((table) => integersOn(table, p, operands, places.of(table), [one, all]));
  const others = await peers.enter(
    'int8',
    (peer) => peer.operation?.({ ...p, int8: operands }),
    (name, result) => checkCodes(`${name} int8`, result, all, 1),
  );
  return join({ variants, failures: [], close: () => places.free() }, others);
}

async function open(p: OperationProblem, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const on = (k: Kernels, batch: number): Float32Array => written(operationOn(k, p, inArrays), batch);
  const all = on(cpu, p.batch);
  const places = new Places();
  const one = on(reference, 1);
  const plain = tables.map((table) => variantOn(table, p, operationOn(table.kernels, p, places.of(table)), [one, all]));
  const packs = p.kind === 'conv2d' && !p.gradients;
  const packed = (packs ? tables : []).map((table) => ({
    ...variantOn(table, p, packedConvolutionOn(table.kernels, p, places.of(table)), [one, all]),
    ...{ how: 'packed', base: table.name },
  }));
  const variants = [...plain, ...packed];
  const others = await peers.enter(
    '',
    (peer) => peer.operation?.(p),
    (name, result) => checkScaled(name, result, all),
  );
  const contest = join({ variants, failures: [], close: () => places.free() }, others);
  return isInteger(p.kind) && !p.gradients ? join(contest, await openIntegers(p, all, tables, peers)) : contest;
}

/** Nobody trains on one image, or with the mean and variance of inference. */
const trains = ({ kind, batch }: OperationShape): boolean => batch > 1 && kind !== 'batchNormInference';

/** Operations of convolutional networks, forward and with their gradients, beside other libraries. */
export function operationRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return SHAPES.flatMap((shape) =>
    (trains(shape) ? [false, true] : [false]).map((gradients): Row => {
      const isConvolution = shape.kind === 'conv2d' || shape.kind === 'depthwise';
      const name = `${nameOf(shape)}${gradients ? ' with gradients' : ''}`;
      return {
        name,
        work: workOf(shape, gradients),
        unit: isConvolution ? 'GFLOP/s' : 'Melement/s',
        ratio: 'speed',
        quick: QUICK.some((words) => name.startsWith(`${words} `)),
        peers: true,
        open: () => open(problemOf(shape, gradients), fast, peers),
      };
    }),
  );
}
