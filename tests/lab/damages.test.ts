import { describe, expect, test } from 'vitest';
import { Dense, damage, Embedding, Flatten, fromData, type Network, Sequential, toNetwork } from 'whittle-ml';
import { damagesOf } from '../../lab/src/damages.ts';
import type { Tested } from '../../lab/src/mistakes.ts';

/** A network that says row i of sample i. */
function saying(rows: readonly (readonly number[])[]): Network {
  const model = new Sequential([new Embedding(rows.length, rows[0]!.length, { inputShape: [1] }), new Flatten()]);
  model.layers[0]!.weights[0]!.value.storage.array.set(rows.flat());
  return toNetwork(model);
}

const sure = (label: number): number[] => [0, 1, 2].map((j) => (j === label ? 0.8 : 0.1));
const unsure = (label: number): number[] => [0, 1, 2].map((j) => (j === label ? 0.36 : 0.32));
const table = { line: (row: number): number => row + 2 };
const decode = { decode: () => ({ numbers: Float64Array.of(100, 130) }) as never };
const x = (n: number) =>
  fromData(
    Int32Array.from({ length: n }, (_, i) => i),
    [n, 1],
  );

test('forms are held against the teacher, over all seeds, and named by lines of the file', () => {
  const truth = [0, 1, 2, 0];
  const seed = (now: readonly number[], rows: readonly number[]): Tested => ({
    forms: [
      { name: 'teacher', network: saying([0, 1, 2, 1].map(sure)) },
      { name: 'int8', network: saying(now.map(unsure)) },
    ],
    test: [x(4), fromData(Int32Array.from(truth))],
    rows,
  });
  const found = damagesOf([seed([1, 1, 2, 0], [7, 4, 9, 1]), seed([0, 1, 2, 2], [0, 1, 2, 3])], true, decode, table);
  expect(found).toMatchObject({
    kind: 'classes',
    bins: 15,
    edge: 0.1,
    teacher: { calibration: { mean: expect.closeTo(0.05, 6) }, onEdge: { values: [0, 0] } },
  });
  expect(found.forms).toMatchObject([
    {
      form: 'int8',
      changed: { values: [0.5, 0.25] },
      rightToWrong: { values: [1, 0] },
      wrongToRight: { values: [1, 0] },
      wrongToOther: { values: [0, 1] },
      mcnemar: { values: [1, 1] },
      lost: { lost: 0 },
      worst: { class: 0, samples: 2, isSmall: true, before: 0.5, after: 0.5, lost: { lost: 0 } },
      onEdge: { mean: 1 },
      lines: [9],
    },
  ]);
});

describe('numbers', () => {
  const forms = (now: readonly number[]): Tested => ({
    forms: [
      { name: 'teacher', network: saying([[0], [1], [2], [3]]) },
      { name: 'combined', network: saying(now.map((value) => [value])) },
    ],
    test: [x(4), fromData(Float32Array.of(0, 1, 2, 3), [4, 1])],
    rows: [5, 6, 7, 8],
  });

  test('move in the unit of the table', () => {
    const found = damagesOf([forms([0, 1, 2.5, 3.1])], false, decode, table);
    expect(found.forms).toMatchObject([
      {
        form: 'combined',
        r2: { mean: expect.closeTo((0.25 + 0.01) / 5, 6) },
        typical: { mean: expect.closeTo(1.5, 4) }, // 0.05 of 30
        largest: { mean: 15 },
        line: 9,
      },
    ]);
    expect(found).toEqual(damagesOf([forms([0, 1, 2.5, 3.1])], false, decode, table));
  });

  test('that are none stop the job, as its scores do', () => {
    expect(() => damagesOf([forms([0, Number.NaN, 2, 3])], false, decode, table)).toThrow('a figure is not finite');
  });
});

test('is what damage() tells of the same networks', () => {
  const model = new Sequential([new Dense(3, { activation: 'softmax', inputShape: [2] })], { seed: 3 });
  const other = new Sequential([new Dense(3, { activation: 'softmax', inputShape: [2] })], { seed: 4 });
  const features = fromData(
    Float32Array.from({ length: 80 }, (_, i) => Math.sin(7 * i)),
    [40, 2],
  );
  const y = fromData(Int32Array.from({ length: 40 }, (_, i) => i % 3));
  const [d] = damage(model, other, [features, y]).outputs;
  if (d?.kind !== 'classes') throw new Error('there are classes');
  const rows = Array.from({ length: 40 }, (_, i) => i);
  const networks = [
    { name: 'teacher', network: toNetwork(model) },
    { name: 'pruned', network: toNetwork(other) },
  ] as const;
  const { forms } = damagesOf([{ forms: networks, test: [features, y], rows }], true, decode, table);
  expect(forms).toMatchObject([
    {
      changed: { mean: d.changed.share },
      mcnemar: { mean: d.accuracy.mcnemar },
      lost: d.accuracy.lost,
      worst: { class: Number(d.worst.name), lost: d.worst.lost },
      calibration: { mean: d.calibration!.after },
      lines: d.rightToWrong.samples.slice(0, 20).map((i) => i + 2),
    },
  ]);
});
