import { describe, expect, test } from 'vitest';
import {
  cloneModel,
  compare,
  type DamageReport,
  type DecisionDamage,
  Dense,
  damage,
  decodeNetwork,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  input,
  Model,
  measure,
  type NumberDamage,
  oneHot,
  prune,
  quantize,
  Sequential,
  type Tensor,
  toNetwork,
} from '../../src/index.ts';
import { FIVE, tenClasses, trained } from './five-networks.ts';
import { normal, quick } from './tools.ts';

const CLASSES = { coding: 'classes', scale: 'probabilities' } as const;
const LABELS = { coding: 'labels', scale: 'probabilities' } as const;
const NUMBERS = { coding: 'numbers', scale: 'reals' } as const;

/** A network that says row i of sample i. */
function saying(rows: readonly (readonly number[])[]): Sequential {
  const model = new Sequential([new Embedding(rows.length, rows[0]!.length, { inputShape: [1] }), new Flatten()]);
  const [table] = model.layers[0]!.weights;
  table!.value.storage.array.set(rows.flat());
  return model;
}

/** The samples that these networks know, with targets. */
const asked = (y: readonly number[] | Tensor, n = (y as readonly number[]).length): [Tensor, Tensor] => [
  fromData(
    Int32Array.from({ length: n }, (_, i) => i),
    [n, 1],
  ),
  Array.isArray(y) ? fromData(Int32Array.from(y)) : (y as Tensor),
];

/** Certain of a class among three, with probability 1 - 2r. */
const row = (label: number, r = 0.1): number[] => [0, 1, 2].map((j) => (j === label ? 1 - 2 * r : r));
const nothing = [Number.NaN, 0.5, 0.5];

const decisions = (report: DamageReport, at = 0): DecisionDamage => report.outputs[at] as DecisionDamage;

describe('the damage to classes', () => {
  const truth = [0, 0, 0, 1, 1, 1, 1, 2];
  const was = [0, 0, 1, 1, 1, 2, 1, 2];
  const now = [0, 1, 0, 1, 2, 0, 1, 2];
  const samples = asked(truth);
  const report = damage(saying(was.map((c) => row(c))), saying(now.map((c) => row(c, 0.3))), samples, {
    outputs: CLASSES,
    classNames: ['red', 'green', 'blue'],
    bins: 10,
    edge: 0.15,
  });
  const d = decisions(report);

  test('names the samples that are answered otherwise, by how', () => {
    expect(report.samples).toBe(8);
    expect(d).toMatchObject({ kind: 'classes', decisions: 8, agreement: 0.5 });
    expect(d.changed).toMatchObject({ count: 4, of: 8, share: 0.5 });
    expect(d.rightToWrong).toEqual({ count: 2, samples: [1, 4] });
    expect(d.wrongToRight).toEqual({ count: 1, samples: [2] });
    expect(d.wrongToOther).toEqual({ count: 1, samples: [5] });
    expect(d.unanswered).toEqual({ before: { count: 0, samples: [] }, after: { count: 0, samples: [] } });
  });

  test('has accuracy and recall before and now, the test of the change, and the class that lost most', () => {
    expect(d.accuracy.before).toMatchObject({ count: 6, share: 0.75 });
    expect(d.accuracy.after).toMatchObject({ count: 5, share: 0.625 });
    expect(d.accuracy.lost.lost).toBe(0.125);
    expect(d.accuracy.mcnemar).toBe(1); // 2 against 1
    expect(
      d.classes.map(({ name, before, after, lost }) => [name, before.count, after.count, before.of, lost.lost]),
    ).toEqual([
      ['red', 2, 2, 3, 0],
      ['green', 3, 2, 4, 0.25],
      ['blue', 1, 1, 1, 0],
    ]);
    expect(d.worst).toEqual(d.classes[1]);
    expect(d.classes.every(({ isSmall }) => isSmall)).toBe(true);
  });

  test('has calibration and margins before and now', () => {
    // 0.8 is said of all before, where 6 of 8 are right; 0.4 of all now, where 5 are
    expect(d.calibration).toEqual({
      bins: 10,
      before: expect.closeTo(0.05, 6),
      after: expect.closeTo(0.625 - 0.4, 6),
    });
    const margin = (size: number, onEdge: number) => ({
      median: expect.closeTo(size, 6),
      low: expect.closeTo(size, 6),
      onEdge,
    });
    expect(d.margins).toEqual({ edge: 0.15, before: margin(0.7, 0), after: margin(0.1, 8) });
  });

  test('is plain data, and text for people', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual({ ...report });
    const text = String(report);
    for (const words of [
      'Damage on 8 samples',
      '4 of 8 answers changed, 0.500 (',
      'right before, wrong now: 2 [1, 4]',
      'wrong before, right now: 1 [2]',
      'wrong in another way: 1 [5]',
      'accuracy 0.750 (',
      '12.50 points lost (',
      'McNemar p = 1, which may be chance',
      'class that lost most: green, recall 0.750',
      'too few samples to say much of red (3), green (4), blue (1)',
      'calibration error over 10 bins 0.050 before, 0.225 now',
      'median margin 0.700, of a twentieth below 0.700, 0 below 0.15 before; 0.100',
    ])
      expect(text).toContain(words);
    expect(text).not.toMatch(/NaN|undefined|null/);
  });

  test('says so where no class lost', () => {
    const model = saying(was.map((c) => row(c)));
    const text = String(damage(model, saying(truth.map((c) => row(c))), samples, { outputs: CLASSES }));
    expect(text).toContain('\n  no class lost recall\n');
    expect(text).not.toContain('lost most');
  });

  test('agrees with what measure and compare count', () => {
    const [before, after] = [saying(was.map((c) => row(c))), saying(now.map((c) => row(c)))];
    const { before: p, after: q, agreement } = compare(before, after, { samples, outputs: CLASSES, ...quick });
    expect([p.score, q.score, agreement]).toEqual([d.accuracy.before.share, d.accuracy.after.share, d.agreement]);
  });

  test('none there is between a network and itself', () => {
    const same = saying(was.map((c) => row(c)));
    const none = decisions(damage(same, cloneModel(same), samples, { outputs: CLASSES }));
    expect(none).toMatchObject({
      agreement: 1,
      changed: { count: 0, low: 0 },
      accuracy: { lost: { lost: 0 }, mcnemar: 1 },
    });
    expect(none.worst.lost.lost).toBe(0);
  });

  test('takes one-hot rows for the same classes, and the largest of equals for the first', () => {
    const even = saying(was.map(() => [0.4, 0.4, 0.2]));
    const [x] = samples;
    const hot = damage(even, saying(now.map((c) => row(c))), [x, oneHot(samples[1], 3)], { outputs: CLASSES });
    expect(decisions(hot).accuracy.before.count).toBe(3); // all are said to be of class 0
    expect(decisions(hot).margins!.before).toMatchObject({ median: 0, onEdge: 8 });
  });
});

describe('numbers that are NaN', () => {
  const truth = [0, 1, 2, 0];
  const right = truth.map((c) => row(c));
  const samples = asked(truth);

  test('are no answer: not a right one, and not the same', () => {
    const broken = saying([right[0]!, nothing, nothing, right[3]!]);
    const d = decisions(damage(saying(right), broken, samples, { outputs: CLASSES }));
    expect(d.unanswered).toEqual({ before: { count: 0, samples: [] }, after: { count: 2, samples: [1, 2] } });
    expect(d.rightToWrong.samples).toEqual([1, 2]);
    expect(d.agreement).toBe(0.5);
    expect(d.calibration).toMatchObject({ before: expect.closeTo(0.2, 6), after: expect.closeTo(0.2, 6) });
    expect(d.margins!.after).toMatchObject({ median: expect.closeTo(0.7, 6) });
    expect(String(damage(saying(right), broken, samples, { outputs: CLASSES }))).toContain(
      'NaN, so without an answer: 0 before, 2 [1, 2] now',
    );
    expect(decisions(damage(broken, broken, samples, { outputs: CLASSES }))).toMatchObject({
      wrongToOther: { samples: [1, 2] },
      agreement: 0.5,
      accuracy: { lost: { lost: 0 } },
    });
    expect(decisions(damage(broken, saying(right), samples, { outputs: CLASSES })).wrongToRight.samples).toEqual([
      1, 2,
    ]);
  });

  test('leave no calibration and no margin where all are', () => {
    const report = damage(saying(right), saying(truth.map(() => nothing)), samples, { outputs: CLASSES });
    expect(decisions(report)).toMatchObject({ calibration: { after: null }, margins: { after: null } });
    expect(JSON.parse(JSON.stringify(report))).toEqual({ ...report });
    expect(String(report)).toContain('median margin 0.700');
  });

  test('of a regression leave no R², and are named', () => {
    const y = fromData(Float32Array.of(1, 2, 3, 4), [4, 1]);
    const fine = saying([[1], [2], [3], [5]]);
    const report = damage(fine, saying([[1], [Number.NaN], [3], [Infinity]]), asked(y, 4), { outputs: NUMBERS });
    expect(report.outputs[0]).toMatchObject({
      r2: { before: expect.closeTo(0.8, 6), after: null, lost: null },
      rmse: { before: 0.5, after: null, lost: null },
      change: { largest: 0, typical: 0 },
      unanswered: { before: { count: 0 }, after: { count: 2, samples: [1, 3] } },
    });
    expect(String(report)).toContain('not finite: 0 before, 2 [1, 3] now');
    expect(JSON.parse(JSON.stringify(report))).toEqual({ ...report });
  });

  test('are refused as targets', () => {
    const y = fromData(Float32Array.of(0, Number.NaN, 1, 1));
    expect(() => damage(saying(right), saying(right), asked(y, 4), { outputs: CLASSES })).toThrow(
      'damage: every target must be a number, got NaN',
    );
  });
});

test('a binary answer has two classes, on the scale of each network', () => {
  const truth = [1, 1, 1, 0, 0, 0];
  const logits = saying([[3], [1], [-1], [-2], [-0.5], [2]]);
  const after = saying([[0.9], [0.2], [0.6], [0.1], [0.55], [0.45]]);
  const y = fromData(Float32Array.from(truth), [6, 1]);
  const p = damage(logits, logits, asked(y, 6), { outputs: { coding: 'classes', scale: 'logits' } });
  const q = damage(after, after, asked(y, 6), { outputs: CLASSES });
  expect(decisions(p).classes.map(({ name, before }) => [name, before.count, before.of])).toEqual([
    ['0', 2, 3],
    ['1', 2, 3],
  ]);
  expect(decisions(q).accuracy.before.count).toBe(4);
  expect(decisions(q).margins!.before!.median).toBeCloseTo(0.4, 6); // 0.8 0.6 0.2 0.8 0.1 0.1
  const s = (z: number): number => 2 / (1 + Math.exp(-Math.abs(z))) - 1;
  expect(decisions(p).margins!.before!.median).toBeCloseTo((s(1) + s(2)) / 2, 5);
});

describe('independent labels', () => {
  const y = fromData(Float32Array.of(1, 0, 0, 1, 1, 1, 0, 0), [4, 2]);
  const before = saying([
    [0.9, 0.1],
    [0.2, 0.8],
    [0.7, 0.7],
    [0.1, 0.1],
  ]);
  const after = saying([
    [0.9, 0.6],
    [0.2, 0.8],
    [0.3, 0.3],
    [0.1, 0.9],
  ]);
  const d = decisions(damage(before, after, asked(y, 4), { outputs: LABELS, classNames: ['cat', 'dog'] }));

  test('are decided one by one, and samples are named once', () => {
    expect(d).toMatchObject({
      kind: 'labels',
      decisions: 8,
      accuracy: { before: { share: 1 }, after: { share: 0.5 } },
    });
    expect(d.rightToWrong).toEqual({ count: 4, samples: [0, 2, 3] });
    expect(d.accuracy.mcnemar).toBe(0.25); // three samples of three got worse
  });

  test('count for each label where it is and where it is not', () => {
    expect(d.classes.map(({ name, before: p, after: q }) => [name, p.count, q.count, p.of])).toEqual([
      ['cat', 2, 1, 2],
      ['not cat', 2, 2, 2],
      ['dog', 2, 1, 2],
      ['not dog', 2, 0, 2],
    ]);
    expect(d.worst.name).toBe('not dog');
  });

  test('say no more than their samples, of which they are parts', () => {
    const { low, high } = d.accuracy.after;
    expect([low, high].map((x) => x.toFixed(4))).toEqual(['0.1500', '0.8500']); // 2 of 4, not 4 of 8
  });
});

describe('the damage to numbers', () => {
  const n = 40;
  const truth = Array.from({ length: n }, (_, i) => [i, 100 - 2 * i]);
  const y = fromData(Float32Array.from(truth.flat()), [n, 2]);
  const moved = truth.map(([a, b], i) => [a! + (i === 7 ? 9 : 1), b! - 1]);
  const report = damage(saying(truth.map(([a, b]) => [a!, b!])), saying(moved), asked(y, n), { outputs: NUMBERS });
  const d = report.outputs[0] as NumberDamage;

  test('is R², RMSE and how far numbers moved', () => {
    const squares = 133.25 * n; // of 0 to 39 around their mean
    const r2 = (1 - (n - 1 + 81) / squares + (1 - n / (4 * squares))) / 2;
    expect(d.r2).toMatchObject({ before: 1, after: expect.closeTo(r2, 6), lost: { lost: expect.closeTo(1 - r2, 6) } });
    expect(d.rmse).toMatchObject({ before: 0, after: expect.closeTo(Math.sqrt((2 * n - 1 + 81) / (2 * n)), 6) });
    expect(d.change).toEqual({ largest: 9, at: 7, typical: 1 });
  });

  test('has intervals of a seeded bootstrap', () => {
    const { low, high, lost } = d.r2.lost!;
    expect(low > 0 && low < lost && lost < high && high < 0.05).toBe(true);
    const again = (seed: number) =>
      damage(saying(truth.map(([a, b]) => [a!, b!])), saying(moved), asked(y, n), { outputs: NUMBERS, seed })
        .outputs[0];
    expect(again(0)).toEqual(d);
    expect(again(1)).not.toEqual(d);
    expect(d.rmse.lost!.low).toBeGreaterThanOrEqual(1); // every number moved by 1 or more
  });

  test('is R² as the metric has it: of a constant target 1 where it is met, else 0', () => {
    const flat = fromData(new Float32Array(12).fill(3), [12, 1]);
    const threes = saying(Array.from({ length: 12 }, () => [3]));
    const off = saying(Array.from({ length: 12 }, () => [3.5]));
    const { r2 } = damage(threes, off, asked(flat, 12), { outputs: NUMBERS }).outputs[0] as NumberDamage;
    expect(r2).toEqual({ before: 1, after: 0, lost: { lost: 1, low: 1, high: 1 } });
  });

  test('is told in words', () => {
    expect(String(report)).toMatch(/R² 1 before, 0\.98\d+ now: 0\.01\d+ worse \(0\.00\d+ to 0\.0\d+ worse\)/);
    expect(String(report)).toContain('numbers moved by 1 in the middle, most by 9 [7]');
  });

  test('says of what became better so, the ends of its interval too', () => {
    const better = String(
      damage(saying(moved), saying(truth.map(([a, b]) => [a!, b!])), asked(y, n), { outputs: NUMBERS }),
    );
    expect(better).toMatch(/R² 0\.98\d+ before, 1 now: 0\.01\d+ better \(0\.0\d+ to 0\.00\d+ better\)/);
    expect(better).toContain('RMSE 1.414 before, 0 now: 1.414 better (2 to 1 better)');
    // Some rows are nearer than before, and as many are farther
    const [near, far] = [0.5, 1.5].map((by, k) =>
      saying(truth.map(([a, b], i) => [a! + (i % 2 === k ? by : 1), b! + (i % 2 === k ? 2 - by : 1)])),
    );
    expect(String(damage(near!, far!, asked(y, n), { outputs: NUMBERS }))).toMatch(
      /RMSE .* now: \S+ (worse|better) \(\S+ better to \S+ worse\)/,
    );
  });
});

test('several outputs are judged each by itself', () => {
  const x = input([5]);
  const classes = new Dense(3, { activation: 'softmax', name: 'kind' });
  const size = new Dense(1, { name: 'size' });
  const model = new Model(x, [classes.apply(x), size.apply(x)], { seed: 2 });
  model.compile({ optimizer: 'adam', loss: ['sparseCategoricalCrossentropy', 'mse'] });
  const data = normal([50, 5], 4);
  const samples = [data, [Int32Array.from({ length: 50 }, (_, i) => i % 3), normal([50, 1], 5)]] as const;
  const report = damage(model, prune(model, { sparsity: 0.6 }), samples);
  expect(report.outputs.map(({ kind, name }) => [kind, name])).toEqual([
    ['classes', 'kind'],
    ['numbers', 'size'],
  ]);
  const [kind] = report.outputs as [DecisionDamage];
  const { scores } = measure(model, { samples, ...quick });
  expect([kind.accuracy.before.share, (report.outputs[1] as NumberDamage).r2.before]).toEqual(
    scores!.map(({ score }) => score),
  );
  expect(String(report).match(/^"/gm)).toHaveLength(2);
});

test('steps of a sequence are decisions of their sample', () => {
  const said = (classes: readonly number[]): Sequential => {
    const model = new Sequential([new Embedding(6, 3, { inputShape: [2] })]);
    model.layers[0]!.weights[0]!.value.storage.array.set(classes.flatMap((c) => row(c)));
    return model;
  };
  const x = fromData(Int32Array.of(0, 1, 2, 3, 4, 5), [3, 2]);
  const y = fromData(Int32Array.of(0, 1, 2, 0, 1, 2), [3, 2]);
  const d = decisions(damage(said([0, 1, 2, 0, 1, 2]), said([0, 1, 0, 1, 1, 1]), [x, y], { outputs: CLASSES }));
  expect(d.decisions).toBe(6);
  expect(d.rightToWrong).toEqual({ count: 3, samples: [1, 2] });
  expect(d.accuracy.mcnemar).toBe(0.5);
});

describe.each(Object.keys(FIVE))('damage to %s', (name) => {
  test('is the same for models, networks, files and int8, and agrees with compare', () => {
    const model = trained(name);
    const samples = tenClasses(model, 60, 8);
    const pruned = prune(model, { sparsity: 0.7 });
    const found = damage(model, pruned, samples);
    expect(damage(toNetwork(model), toNetwork(pruned), samples).outputs).toEqual(
      found.outputs.map((each) => ({ ...each, name: expect.any(String) })),
    );
    const int8 = quantize(model, { calibration: samples[0] });
    const known = damage(model, int8, samples);
    const { agreement, before, after } = compare(model, int8, { samples, ...quick });
    expect(decisions(known)).toMatchObject({
      agreement,
      accuracy: { before: { share: before.score }, after: { share: after.score } },
    });
    expect(damage(model, decodeNetwork(encodeNetwork(int8)).network, samples)).toEqual(known);
    expect(decisions(known).classes.map(({ before: { of } }) => of)).toEqual(Array<number>(10).fill(6));
    expect(decisions(known).margins).not.toBeNull();
  });
});

describe('what is refused', () => {
  const said = saying([row(0), row(1)]);
  const samples = asked([0, 1]);
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    [
      'something else than a network',
      () => damage(said, 3 as never, samples),
      'damage: the subject must be a model or a network',
    ],
    ['samples that are none', () => damage(said, said, [] as never), 'damage: samples must be a list of x and y'],
    ['other options', () => damage(said, said, samples, { bin: 3 } as never), 'Did you mean bins?'],
    ['bins', () => damage(said, said, samples, { bins: 0 }), 'damage: bins must be'],
    [
      'more bins than memory has',
      () => damage(said, said, samples, { bins: 1e10 }),
      'damage: bins is 10000000000, the limit is 1048576',
    ],
    [
      'more draws than memory has',
      () => damage(said, said, samples, { resamples: 2 ** 20 + 1 }),
      'damage: resamples is 1048577, the limit is 1048576',
    ],
    [
      'resamples',
      () => damage(said, said, samples, { resamples: 10 }),
      'damage: resamples must be an integer of at least 40',
    ],
    [
      'names',
      () => damage(said, said, samples, { outputs: CLASSES, classNames: ['a'] }),
      'damage: classNames must be 3 texts, got 1',
    ],
    [
      'names of numbers',
      () => damage(said, said, asked(normal([2, 3]), 2), { outputs: NUMBERS, classNames: ['a', 'b', 'c'] }),
      'damage: classNames must be left out for an output of numbers, got',
    ],
    [
      'samples of another shape',
      () => damage(prune(trained('MLP'), { sparsity: 0 }), trained('MLP'), [normal([2, 3]), [0, 1]]),
      'damage: samples do not have the shape',
    ],
    [
      'other outputs',
      () =>
        damage(
          said,
          saying([
            [0.4, 0.6],
            [0.6, 0.4],
          ]),
          samples,
          { outputs: CLASSES },
        ),
      'damage: the two networks differ in output "flatten"',
    ],
    [
      'classes there are none of',
      () => damage(said, said, asked([0, 3]), { outputs: CLASSES }),
      'a label must be a whole number from 0 to 2',
    ],
    [
      'no samples',
      () =>
        damage(said, said, [fromData(new Int32Array(0), [0, 1]), fromData(new Int32Array(0))], { outputs: CLASSES }),
      'at least one',
    ],
  ];
  test.each(cases)('%s', (_, run, message) => expect(run).toThrow(message));
});
