import { cpu, type Kernels, reference } from 'whittle-ml/kernels';
import { checkSame, checkScaled, normal } from './data.ts';
import {
  type Operation,
  type OperationProblem,
  type OperationShape,
  operationOn,
  sizesOf,
  workOf,
} from './operation.ts';
import type { Peers } from './peers.ts';
import { type Contest, join, type Row, type Variant } from './row.ts';
import { type Place, Places, type Table } from './tables.ts';

const BATCH = 32;

const convolution = (size: number, channels: number, units: number): OperationShape => ({
  kind: 'conv2d',
  ...{ batch: BATCH, height: 14, width: 14, channels, units, size, stride: 1, padding: (size - 1) / 2 },
});

const depthwise = (channels: number, stride: number): OperationShape => ({
  kind: 'depthwise',
  ...{ batch: BATCH, height: 28, width: 28, channels, units: channels, size: 3, stride, padding: 1 },
});

/** What the article's network has behind its convolution: 26x26 with 32 channels. */
const others = (['maxPool', 'avgPool', 'batchNorm'] as const).map((kind): OperationShape => {
  const size = kind === 'batchNorm' ? 1 : 2;
  return { kind, batch: BATCH, height: 26, width: 26, channels: 32, units: 32, size, stride: size, padding: 0 };
});

const CHANNELS = [8, 16, 32, 64, 128];

const SHAPES: readonly OperationShape[] = [
  ...CHANNELS.map((n) => convolution(3, n, n)),
  ...CHANNELS.map((n) => convolution(1, n, n)),
  ...[32, 64].flatMap((n) => [depthwise(n, 1), depthwise(n, 2)]),
  ...others,
];

/** Rows that `--quick` takes, by the first words of their names. */
const QUICK = ['conv2d 3x3 8->8', 'conv2d 1x1 32->32', 'depthwise 3x3 32 stride 2', 'maxPool', 'batchNorm'];

const nameOf = ({ kind, size, channels, units, stride, height, width, batch }: OperationShape): string => {
  const window = kind === 'batchNorm' ? '' : `${size}x${size} `;
  const through = kind === 'conv2d' ? `${channels}->${units}` : `${channels}`;
  return `${kind} ${window}${through} ${kind === 'depthwise' ? `stride ${stride} ` : ''}${height}x${width} batch ${batch}`;
};

export function problemOf(shape: OperationShape, gradients: boolean): OperationProblem {
  const sizes = sizesOf(shape);
  const weights = sizes.weights.map((n, i) => normal(n, 2 + i));
  return { ...shape, gradients, x: normal(sizes.x, 1), weights, dy: normal(sizes.y, 5) };
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
  { name, kernels, exact }: Table,
  p: OperationProblem,
  place: Place,
  expected: readonly [Float32Array, Float32Array],
): Variant {
  const operation = operationOn(kernels, p, place);
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

async function open(p: OperationProblem, tables: readonly Table[], peers: Peers): Promise<Contest> {
  const on = (k: Kernels, batch: number): Float32Array => written(operationOn(k, p, inArrays), batch);
  const all = on(cpu, p.batch);
  const places = new Places();
  const one = on(reference, 1);
  const variants = tables.map((table) => variantOn(table, p, places.of(table), [one, all]));
  const others = await peers.enter(
    '',
    (peer) => peer.operation?.(p),
    (name, result) => checkScaled(name, result, all),
  );
  return join({ variants, failures: [], close: () => places.free() }, others);
}

/** Operations of convolutional networks, forward and with their gradients, beside other libraries. */
export function operationRows(tables: readonly Table[], peers: Peers): Row[] {
  const fast = tables.filter(({ name }) => name !== 'reference' && name !== 'own');
  return SHAPES.flatMap((shape) =>
    [false, true].map((gradients): Row => {
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
