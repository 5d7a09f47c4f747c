import { describe, expect, test } from 'vitest';
import {
  decodeNetwork,
  decodeWeight,
  encodeNetwork,
  fileParts,
  networkCost,
  predictNetwork,
  type Tensor,
  toNetwork,
} from 'whittle-ml';
import { compress } from '../../site/src/engine/compressing.ts';
import { compressedOf } from '../../site/src/engine/kept.ts';
import type { Compressed } from '../../site/src/engine/messages.ts';
import type { CompressSettings } from '../../site/src/state/settings.ts';
import { inWords } from './refused.ts';
import { contextOf, type Kind, numbersOf, settingsWith, trainedOn } from './trained.ts';

async function compressed(kind: Kind, changes: Partial<CompressSettings>) {
  const trained = trainedOn(kind);
  const { context, told, last } = contextOf(trained);
  await compress({ kind: 'compress', settings: settingsWith(changes) }, context);
  const network = compressedOf(context.experiment)!;
  return { trained, told, network, result: last('compressed').result };
}

const range = (n: number): number[] => [...Array(n).keys()];
const zeros = ({ kernels }: Compressed): number =>
  kernels.reduce((sum, { after }) => sum + after.filter((w) => w === 0).length, 0);
const weightsIn = ({ kernels }: Compressed): number => kernels.reduce((sum, { after }) => sum + after.length, 0);

describe('compressing', () => {
  test('bytes are those of a real file that gives the network back, and less than before', async () => {
    const { result, network, trained } = await compressed({}, { sparsity: 0.8, bits: 8 });
    const files = (['none', 'huffman', 'range'] as const).map((coding) => encodeNetwork(network, { coding }));
    const smallest = files.reduce((best, file) => (file.length < best.length ? file : best));
    expect(result.after.bytes).toBe(smallest.length);
    expect(result.after.bytes).toBeLessThan(result.before.bytes / 1.5);
    const again = predictNetwork(decodeNetwork(smallest).network, trained.test.x) as Tensor;
    expect(trained.score(again, trained.test)).toBe(result.after.score);
    const coded = result.steps.at(-1);
    expect(coded).toMatchObject({ kind: 'coded', bytes: smallest.length, plain: files[0]!.length });
  });

  test('masks hold through training: 80 % of the weights are zero in the network that is left', async () => {
    const { result, network, trained } = await compressed({}, { sparsity: 0.8 });
    const all = weightsIn(result);
    expect(zeros(result)).toBe(Math.round(0.8 * all));
    expect(result.steps[0]).toEqual({ kind: 'pruned', pattern: 'weights', zeros: zeros(result), of: all });
    expect(result.steps[1]).toEqual({ kind: 'tuned', after: 'pruned', epochs: 20 });
    for (const { mask, after, before, name } of result.kernels) {
      expect(after.every((w, i) => mask[i] === 1 || w === 0)).toBe(true);
      expect(after.some((w, i) => w !== 0 && w !== before[i])).toBe(true); // it was trained
      expect([...after]).toEqual([...decodeWeight(network.weights.get(`${name}/kernel`)!)!]);
    }
    expect(result.after.nonZero).toBe(networkCost(network).nonZeroParameters);
    expect(result.after.score).toBeGreaterThan(0.9);
    expect(result.before.score).toBe(trained.score(trained.model.predict(trained.test.x), trained.test));
  });

  test('the trained network stays as it is', async () => {
    const trained = trainedOn({ epochs: 5 });
    const before = numbersOf(trained.model);
    for (const changes of [
      { sparsity: 0.5 },
      { pattern: 'neurons', sparsity: 0.5 },
      { bits: 4, trained: true },
      { student: 0.5 },
    ] as const) {
      const { context } = contextOf(trained);
      await compress({ kind: 'compress', settings: settingsWith({ ...changes, epochs: 2 }) }, context);
      expect(numbersOf(trained.model)).toEqual(before);
    }
  });

  test('neurons that are pruned are gone: fewer parameters, multiply-adds and bytes, in places that are told', async () => {
    const { result, network } = await compressed({}, { sparsity: 0.75, pattern: 'neurons' });
    expect(result.steps[0]).toEqual({ kind: 'narrowed', units: [4, 4], before: [16, 16] });
    expect(result.after.macs).toBe(2 * 4 + 4 * 4 + 4 * 2);
    expect(result.before.macs).toBe(2 * 16 + 16 * 16 + 16 * 2);
    expect(result.after.parameters).toBe(12 + 20 + 10);
    expect(result.after.bytes).toBeLessThan(result.before.bytes);
    const [first, middle] = result.kernels;
    expect([middle!.rows, middle!.columns]).toEqual([16, 16]);
    expect(middle!.mask.reduce((sum, kept) => sum + kept, 0)).toBe(16);
    expect([...middle!.after].filter((w) => w !== 0)).toEqual([
      ...decodeWeight(network.weights.get('hidden1/kernel')!)!,
    ]);
    // Those with the largest weights stay
    const columns = range(16).filter((j) => first!.mask[j] === 1);
    const norms = range(16).map((j) => Math.hypot(first!.before[j]!, first!.before[16 + j]!));
    const largest = [...norms.keys()].sort((p, q) => norms[q]! - norms[p]!).slice(0, 4);
    expect(columns).toEqual(largest.sort((p, q) => p - q));
  });

  test('panels are pruned whole, and held so where that is smaller', async () => {
    const { result } = await compressed({ units: [64, 64] }, { sparsity: 0.7, pattern: 'panels', epochs: 3 });
    const middle = result.kernels[1]!;
    for (let i = 0; i < 64; i++)
      for (let panel = 0; panel < 4; panel++) {
        const part = middle.mask.subarray(64 * i + 16 * panel, 64 * i + 16 * panel + 16);
        expect(new Set(part).size).toBe(1);
      }
    expect(result.steps).toContainEqual(expect.objectContaining({ kind: 'sparse', of: 3 }));
    expect(result.after.bytes).toBeLessThan(0.6 * result.before.bytes);
  });

  test('a file of fewer bits that is no smaller than one of 16 says what its bytes are', async () => {
    const { result, network, trained } = await compressed({ units: [4] }, { bits: 8 });
    const sixteen = await compressed({ units: [4] }, { bits: 16 });
    expect(sixteen.result.overhead).toBeNull();
    expect(sixteen.result.after.bytes).toBeLessThan(result.after.bytes);
    const { overhead } = result;
    expect(overhead!.sixteen).toBe(sixteen.result.after.bytes);
    const { values, scales, rest } = overhead!;
    expect(values + scales + rest).toBe(result.after.bytes);
    const files = (['none', 'huffman', 'range'] as const).map((coding) => encodeNetwork(network, { coding }));
    const parts = fileParts(files.find((file) => file.length === result.after.bytes)!);
    for (const [name, bytes] of [
      ['values', values],
      ['scales', scales],
    ] as const)
      expect(parts.filter(({ part }) => part === name).reduce((sum, part) => sum + part.bytes, 0)).toBe(bytes);
    expect([scales > 0, rest > values]).toEqual([true, true]);
    expect(trained.epoch).toBe(60);
    expect((await compressed({ units: [64, 64] }, { bits: 8, epochs: 1 })).result.overhead).toBeNull();
  });

  test('in int8 kernels are off by less than half a step of their column, and answers hardly change', async () => {
    const { result, trained } = await compressed({}, { bits: 8 });
    for (const { rows, columns, exact, after, before } of result.kernels) {
      expect(exact).toEqual(before);
      for (let j = 0; j < columns; j++) {
        const column = range(rows).map((i) => i * columns + j);
        const most = Math.max(...column.map((at) => Math.abs(exact[at]!)));
        for (const at of column) expect(Math.abs(after[at]! - exact[at]!)).toBeLessThanOrEqual(most / 254 + 1e-6);
      }
      expect(after).not.toEqual(exact);
    }
    expect(result.changed.length).toBeLessThanOrEqual(0.03 * trained.test.truth.length);
    expect(result.steps[0]).toEqual({ kind: 'rounded', format: 'int8', isTrained: false });
  });

  test.each([
    [16, 'float16'],
    [4, 'int4'],
  ] as const)('of %i bits the format is %s', async (bits, format) => {
    const { result } = await compressed({}, { bits });
    expect(result.steps).toContainEqual({ kind: 'rounded', format, isTrained: false });
    expect(result.after.bytes).toBeLessThan(result.before.bytes);
    for (const { rows, columns, exact, after } of result.kernels)
      for (let j = 0; j < columns; j++) {
        const column = range(rows).map((i) => i * columns + j);
        const most = Math.max(...column.map((at) => Math.abs(exact[at]!)));
        for (const at of column)
          expect(Math.abs(after[at]! - exact[at]!)).toBeLessThanOrEqual(
            most * (bits === 16 ? 2 ** -11 : 1 / 14) + 1e-6,
          );
        if (bits === 4) expect(new Set(column.map((at) => after[at])).size).toBeLessThanOrEqual(15);
      }
  });

  test('trained with rounding, the network has the integers that it was trained with', async () => {
    for (const batchNorm of [false, true]) {
      const { result, told } = await compressed({ batchNorm }, { bits: 4, trained: true, epochs: 15 });
      expect(result.steps.slice(0, 3).map(({ kind }) => kind)).toEqual(['prepared', 'tuned', 'rounded']);
      expect(result.after.score).toBeGreaterThan(0.85);
      const middle = result.kernels[1]!;
      const far = Math.max(...middle.exact.map((w, i) => Math.abs(w - middle.after[i]!)));
      const size = Math.max(...middle.exact.map(Math.abs));
      expect(far).toBeLessThan(size / 2);
      expect(middle.exact).not.toEqual(middle.before);
      expect(told.some(({ kind }) => kind === 'compressing')).toBe(true);
    }
  });

  test('shared numbers stay few through training, with zeros among them, and also in fewer bits', async () => {
    const { result } = await compressed({}, { shared: 8, sparsity: 0.5 });
    for (const { after } of result.kernels) expect(new Set(after).size).toBeLessThanOrEqual(8);
    expect(zeros(result)).toBeGreaterThanOrEqual(Math.floor(0.5 * weightsIn(result)));
    const rounded = await compressed({}, { shared: 8, bits: 8 });
    const middle = rounded.result.kernels[1]!;
    for (let j = 0; j < 16; j++)
      expect(new Set(middle.after.filter((_, i) => i % 16 === j)).size).toBeLessThanOrEqual(8);
  });

  test('a student is narrower, has learned from the network, and is compared with itself', async () => {
    const { result } = await compressed({}, { student: 0.5 });
    expect(result.steps[0]).toEqual({ kind: 'taught', parameters: 24 + 72 + 18, epochs: 100 });
    expect(result.after.parameters).toBe(24 + 72 + 18);
    expect(result.kernels.map(({ rows, columns }) => [rows, columns])).toEqual([
      [2, 8],
      [8, 8],
      [8, 2],
    ]);
    expect(result.after.score).toBeGreaterThan(0.9);
  });

  test.each([
    { batchNorm: true, dropout: 0.2 },
    { loss: 'hinge' },
    { task: 'regression' },
    { task: 'regression', loss: 'huber' },
  ] as const)('everything at once, of %j', async (kind) => {
    const all = { sparsity: 0.5, shared: 16, bits: 8, trained: true, student: 0.75, epochs: 10 } as const;
    const { result, trained } = await compressed({ ...kind, epochs: 100 }, all);
    const kinds = result.steps.map((step) => step.kind);
    expect(kinds.slice(0, 8)).toEqual('taught pruned tuned shared tuned prepared tuned rounded'.split(' '));
    expect(result.after.score).toBeGreaterThan(0.7);
    expect(result.after.bytes).toBeLessThan(result.before.bytes);
    const isNumbers = trained.samples.task === 'regression';
    expect(result.damage.map((line) => line.kind)).toContain(isNumbers ? 'rmse' : 'accuracy');
  });

  test('damage and changed points say the same, and scores are those of the damage', async () => {
    const { result, trained, network } = await compressed({}, { sparsity: 0.95, epochs: 0 });
    const [was, now] = [toNetwork(trained.model), network].map((each) =>
      trained.decide(predictNetwork(each, trained.test.x) as Tensor),
    ) as [Float32Array, Float32Array];
    expect([...result.changed]).toEqual([...was.keys()].filter((i) => was[i] !== now[i]));
    expect(result.changed.length).toBeGreaterThan(0);
    const [first, ...others] = result.damage;
    expect(first).toMatchObject({ kind: 'changed', changed: { count: result.changed.length, of: 200 } });
    expect(others.find((line) => line.kind === 'accuracy')).toMatchObject({
      before: { share: result.before.score },
      after: { share: result.after.score },
      lost: expect.closeTo(result.before.score - result.after.score, 10),
    });
    expect(result.picture).not.toEqual(trained.picture((x) => trained.model.predict(x)));
  });

  test('damage of numbers says how far predictions move, and which moves farthest', async () => {
    const { result, trained, network } = await compressed({ task: 'regression' }, { sparsity: 0.6, epochs: 0 });
    const [was, now] = [toNetwork(trained.model), network].map((each) =>
      trained.decide(predictNetwork(each, trained.test.x) as Tensor),
    ) as [Float32Array, Float32Array];
    const moves = [...now].map((y, i) => Math.abs(y - was[i]!));
    const largest = Math.max(...moves);
    const line = result.damage.find(({ kind }) => kind === 'distance');
    expect(line).toMatchObject({ largest: expect.closeTo(largest, 5), at: moves.indexOf(largest) });
    expect(line).toMatchObject({ typical: expect.closeTo([...moves].sort((a, b) => a - b)[moves.length >> 1]!, 5) });
    expect(largest).toBeGreaterThan(0);
  });

  test('microseconds are measured, and progress goes from 0 to 1', async () => {
    const { result, told } = await compressed({}, { sparsity: 0.5, epochs: 300 });
    for (const { microseconds } of [result.before, result.after]) {
      expect(microseconds).toBeGreaterThan(0);
      expect(microseconds).toBeLessThan(10_000);
    }
    const done = told.flatMap((event) => (event.kind === 'compressing' ? [event.done] : []));
    expect(done.length).toBeGreaterThan(2);
    expect(done).toEqual([...done].sort((p, q) => p - q));
    expect([done[0]! < 0.1, done.at(-1)]).toEqual([true, 1]);
    expect(told.at(-1)!.kind).toBe('formats');
  });

  test('a command that is superseded stops soon, tells nothing more and keeps nothing', async () => {
    let pauses = 0;
    const { context, told } = contextOf(trainedOn({ epochs: 2 }), () => ++pauses < 5);
    await compress({ kind: 'compress', settings: settingsWith({ sparsity: 0.5, epochs: 500 }) }, context);
    expect(pauses).toBe(5);
    expect(told.some(({ kind }) => kind === 'compressed')).toBe(false);
    expect(compressedOf(context.experiment)).toBeNull();
  });

  test('of a command that is superseded while it is loaded nothing is told', async () => {
    const { context, told } = contextOf(trainedOn({ epochs: 2 }), () => false);
    await compress({ kind: 'compress', settings: settingsWith({ sparsity: 0.5 }) }, context);
    expect(told).toEqual([]);
  });

  test.each([
    [{ bits: 32, trained: true }, {}, /8 or 4 bits/],
    [{ bits: 16, trained: true }, {}, /8 or 4 bits/],
    [{ pattern: 'neurons', sparsity: 0.5 }, { units: [] }, /no hidden layer/],
    [{ student: 0.5 }, { units: [] }, /no hidden layer/],
    [{ sparsity: 1 }, {}, /sparsity is 1: it must be from 0 to 0.98/],
    [{ shared: 1 }, {}, /from 2 to 256/],
  ] as const)('%j is refused in a sentence', async (changes, kind, message) => {
    const { context, told } = contextOf(trainedOn({ ...kind, epochs: 1 }));
    const asked = inWords(compress({ kind: 'compress', settings: settingsWith(changes) }, context));
    await expect(asked).rejects.toThrow(message);
    await expect(asked).rejects.toThrow(/^\S[^\n]*\.$/);
    expect(told.some((event) => event.kind === 'compressed')).toBe(false);
  });

  test('without a network there is nothing to compress', async () => {
    const { context } = contextOf(null);
    const asked = inWords(compress({ kind: 'compress', settings: settingsWith() }, context));
    await expect(asked).rejects.toThrow('train one first.');
  });

  test('a network without hidden layers is pruned and rounded, and a layer keeps its last neuron', async () => {
    const { result: flat } = await compressed({ units: [] }, { sparsity: 0.5, bits: 8, epochs: 2 });
    expect(zeros(flat)).toBe(2);
    const { result } = await compressed({ units: [1, 3] }, { sparsity: 0.9, pattern: 'neurons', epochs: 2 });
    expect(result.steps[0]).toEqual({ kind: 'narrowed', units: [1, 1], before: [1, 3] });
  });
});
