import { describe, expect, test } from 'vitest';
import { convLadder, cpu, type Kernels, reference, reference64, wasm } from 'whittle-ml/kernels';
import { besideProductRow, convLadderRows } from '../../bench/convolutions.ts';
import { checkSame, checkScaled } from '../../bench/data.ts';
import { imagesByHand } from '../../bench/image-by-hand.ts';
import { imagesByLibrary } from '../../bench/image-by-library.ts';
import { imageStepRows } from '../../bench/image-steps.ts';
import { firstWeights, type ImageTask, imageTasks } from '../../bench/image-tasks.ts';
import { checkCodes, integerOperandsOf, integerOperationOn } from '../../bench/integer-operation.ts';
import { checkAgree, checkLosses } from '../../bench/learner.ts';
import { type OperationShape, operationOn, sizesOf, workOf } from '../../bench/operation.ts';
import { operationRows, problemOf, written } from '../../bench/operation-rows.ts';
import { Peers } from '../../bench/peers.ts';
import { nameOf, type Row } from '../../bench/row.ts';
import { builtIn, type Place, reserve, type Table } from '../../bench/tables.ts';

const { tables } = builtIn();
reserve(tables);
const peers = new Peers();
const fast = tables.filter(({ name }) => name !== 'reference').map(({ name }) => name);
const inArrays: Place = { hold: (values) => values.slice() as typeof values, floats: (n) => new Float32Array(n) };

/** Checks every variant of a row and returns their names. */
async function checked(row: Row): Promise<string[]> {
  const contest = await row.open();
  for (const variant of contest.variants) await variant.check();
  contest.close();
  return contest.variants.map(nameOf);
}

/** The same table with one of its kernels spoiled: a unit in the last place in the last number that it writes. */
const spoiled = (table: Table, kernel: 'conv2dKernelGrad' | 'conv2d', last: number): Table => {
  const off = (...args: unknown[]): void => {
    (table.kernels[kernel] as (...given: unknown[]) => void)(...args);
    const y = args.at(-1) as Float32Array;
    y[last] = y[last]! * (1 + 2 ** -23);
  };
  return { ...table, kernels: { ...table.kernels, [kernel]: off } as Kernels };
};

describe('operations on images', () => {
  const rows = operationRows(tables, peers);
  const words = ['conv2d 3x3 8->8', 'conv2d 1x1 8->8', 'depthwise 3x3 32 stride 2', 'maxPool', 'avgPool', 'batchNorm'];
  test.each(rows.filter(({ name }) => words.some((text) => name.startsWith(text))))('$name', async (row) => {
    const hasIntegers = !row.name.startsWith('batchNorm') && !row.name.endsWith('gradients');
    const ways = [
      ...(row.name.startsWith('conv2d') && hasIntegers ? ['packed'] : []),
      ...(hasIntegers ? ['int8'] : []),
    ];
    expect(await checked(row)).toEqual([...fast, ...ways.flatMap((how) => fast.map((name) => `${name} ${how}`))]);
  });

  test('each is forward and on 32 images with its gradients too, but for the BatchNorm of inference', () => {
    const names = rows.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const forward = names.filter((name) => name.endsWith(' batch 32') && !name.startsWith('batchNorm inference'));
    const trained = names.filter((name) => name.endsWith(' with gradients'));
    expect(trained).toEqual(forward.map((name) => `${name} with gradients`));
    for (const size of [3, 1])
      for (const n of [8, 16, 32, 64, 128])
        for (const batch of [1, 32]) expect(names).toContain(`conv2d ${size}x${size} ${n}->${n} 14x14 batch ${batch}`);
    expect(rows.some(({ quick }) => quick)).toBe(true);
  });

  test('integers stand for results that are near those of real numbers, and one that is off is noticed', () => {
    const kinds = ['conv2d', 'depthwise', 'maxPool', 'avgPool'] as const;
    for (const kind of kinds) {
      const size = kind === 'conv2d' || kind === 'depthwise' ? 3 : 2;
      const channels = 6;
      const p = problemOf(
        {
          ...{ kind, batch: 2, height: 8, width: 8, channels, units: kind === 'conv2d' ? 5 : channels },
          ...{ size, stride: 2, padding: size === 3 ? 1 : 0 },
        },
        false,
      );
      const real = written(operationOn(reference, p, inArrays), 2);
      const operands = integerOperandsOf(p, real);
      const { call, y } = integerOperationOn(reference, p, operands, inArrays);
      call(2);
      const { scale, zeroPoint } = operands.to;
      const most = 0.03 * real.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
      y.forEach((code, i) => {
        expect(Math.abs((code - zeroPoint) * scale - real[i]!), kind).toBeLessThan(most);
      });
      const off = Int16Array.from(y);
      off[off.length - 1]! += 1;
      expect(() => checkCodes('peer', off, y, 1)).not.toThrow();
      expect(() => checkCodes('ours', off, y, 0)).toThrow(`ours: code ${off.length - 1} is`);
      expect(() => checkCodes('peer', off.subarray(1), y, 1)).toThrow('codes, should be');
    }
  });

  test('a bit that is wrong in the last image, or in the last gradient, is noticed', async () => {
    const table = tables.find(({ name }) => name === 'wasm') ?? tables[1]!;
    const of = (name: string): Row[] => rowsWith(name, [tables[1]!, table]);
    const rowsWith = (name: string, list: readonly Table[]): Row[] =>
      operationRows(list, peers).filter((row) => row.name.startsWith('conv2d 1x1 8->8') && row.name.endsWith(name));
    expect(await checked(of('with gradients')[0]!)).toHaveLength(2);
    const [gradient] = rowsWith('with gradients', [spoiled(table, 'conv2dKernelGrad', 63)]);
    await expect(checked(gradient!)).rejects.toThrow(/element \d+ is/);
    const [forward] = rowsWith('batch 32', [spoiled(table, 'conv2d', 32 * 14 * 14 * 8 - 1)]);
    await expect(checked(forward!)).rejects.toThrow(`element ${32 * 14 * 14 * 8 - 1} is`);
  });

  test('work counts products and sums, of the gradients as well, or numbers that are read', () => {
    const shape = { batch: 2, height: 6, width: 5, channels: 3, units: 4, size: 3, stride: 2, padding: 1 };
    expect(sizesOf({ ...shape, kind: 'conv2d' })).toMatchObject({ outHeight: 3, outWidth: 3, weights: [108] });
    expect(workOf({ ...shape, kind: 'conv2d' }, false)).toBe(2 * (2 * 3 * 3) * 4 * 27);
    expect(workOf({ ...shape, kind: 'conv2d' }, true)).toBe(3 * 2 * (2 * 3 * 3) * 4 * 27);
    expect(workOf({ ...shape, units: 3, kind: 'depthwise' }, false)).toBe(2 * (2 * 3 * 3) * 3 * 9);
    expect(workOf({ ...shape, kind: 'maxPool' }, true)).toBe(2 * 6 * 5 * 3);
  });

  test('gradients follow from differences of the result', () => {
    const shapes: OperationShape[] = (['conv2d', 'depthwise', 'avgPool', 'batchNorm'] as const).map((kind) => ({
      ...{ kind, batch: 2, height: 4, width: 4, channels: 2, units: 2, stride: 1, padding: 0 },
      size: kind === 'batchNorm' ? 1 : 2,
    }));
    for (const shape of shapes) {
      const p = problemOf(shape, true);
      const gradients = written(operationOn(reference, p, inArrays), 2);
      const loss = (x: Float32Array): number => {
        const y = written(operationOn(reference, { ...p, gradients: false, x }, inArrays), 2);
        return y.reduce((sum, value, i) => sum + value * p.dy[i]!, 0);
      };
      const moved = (by: number): Float32Array => p.x.map((value, i) => (i === 5 ? value + by : value));
      expect(gradients[5], shape.kind).toBeCloseTo((loss(moved(2 ** -7)) - loss(moved(-(2 ** -7)))) / 2 ** -6, 2);
    }
  });
});

test('numbers are near by the largest of them', () => {
  const expected = Float32Array.of(1000, 0.001);
  expect(() => checkScaled('peer', [1000, 0.009], expected)).not.toThrow();
  expect(() => checkScaled('peer', [1000, 0.02], expected)).toThrow('peer: element 1');
  expect(() => checkScaled('peer', [1000], expected)).toThrow('gives 1 numbers');
});

describe('convolutions beside each other', () => {
  test.each(convLadderRows(tables))('$name', async (row) => {
    const rungs = convLadder.map(({ name }) => name).filter((name) => name !== 'simd' || fast.includes('wasm'));
    expect(await checked(row)).toEqual([...rungs, 'cpu']);
  });

  test('the row beside the product has a product, two convolutions and their gradients for each table', async () => {
    const row = besideProductRow(tables.filter(({ name }) => name !== 'cpu'));
    const contest = await row.open();
    const names = contest.variants.map(nameOf);
    for (const variant of contest.variants) if (variant.how.includes('1x1')) await variant.check();
    contest.close();
    for (const text of [
      'gemm 256',
      'conv2d 3x3 64->64',
      'conv2d 3x3 64->64 for x',
      'conv2d 1x1 64->128 for the kernel',
    ])
      expect(names).toContain(`wasm ${text}`);
    expect(contest.variants.filter(({ goal }) => goal !== undefined).map(({ how, goal }) => [how, goal])).toEqual([
      ['conv2d 3x3 64->64', 0.7],
      ['conv2d 1x1 64->128', 0.9],
    ]);
    const work = new Map(contest.variants.map(({ how, work }) => [how, work]));
    expect(work.get('gemm 256')).toBeUndefined();
    expect(work.get('conv2d 1x1 64->128')).toBe(2 * 32 * 196 * 64 * 128);
  });
});

describe.each(imageTasks.map((task): [string, ImageTask] => [task.name, task]))('step %s', (name, task) => {
  const first = firstWeights(task);
  const kernels = fast.includes('wasm') ? wasm() : cpu;
  const copy = (values: Float32Array): Float32Array => values.slice();

  test('by hand equals trainOnBatch in loss and weights to the bit, replayed and not', () => {
    for (const replay of [true, false]) {
      checkAgree('step', imagesByLibrary(task, first, kernels, replay), imagesByHand(task, first, kernels, copy), 4);
    }
  });

  test('reset begins again with the first weights, masks and a fresh optimizer', () => {
    for (const learner of [imagesByLibrary(task, first, kernels), imagesByHand(task, first, kernels, copy)]) {
      const run = (): Float32Array[] => [Float32Array.from({ length: 3 }, learner.step), ...learner.weights()];
      const before = run();
      learner.reset();
      run().forEach((values, i) => {
        checkSame(`after reset: array ${i}`, values, before[i]!);
      });
    }
  });

  test('has the parameters that its name promises, and a loss near log 10 that follows float64', () => {
    const parameters = first.reduce((sum, { length }) => sum + length, 0);
    expect(parameters).toBe(name === 'CNN' ? 693_962 : 80 + 80 + 144 + 170);
    const exact = imagesByHand(task, first, reference64, (values) => Float64Array.from(values));
    const hand = imagesByHand(task, first, kernels, copy);
    const losses = [exact.step()];
    checkLosses('hand', [hand.step()], losses, 0);
    expect(Math.abs(losses[0]! - Math.log(10))).toBeLessThan(0.1);
  });
});

test('every table trains the smaller network, by hand, eagerly and replayed, and agrees with float64', async () => {
  const [row] = imageStepRows(tables, peers).filter(({ name }) => name === 'step MobileNet-style batch 32');
  expect(await checked(row!)).toEqual(fast.flatMap((name) => [`${name} by hand`, `${name} eager`, name]));
});
