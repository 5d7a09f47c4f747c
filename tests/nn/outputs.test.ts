import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Activation,
  auc,
  binaryCrossentropy,
  calibrationError,
  categoricalCrossentropy,
  classesOf,
  compare,
  confusionMatrix,
  Dense,
  diagnose,
  distill,
  type Loss,
  type LossName,
  type Metric,
  measure,
  metricOf,
  type Outputs,
  outputsOf,
  quantize,
  Sequential,
  SGD,
  sparseCategoricalCrossentropy,
  type Tensor,
  tensor,
  toNetwork,
  topKAccuracy,
} from '../../src/index.ts';
import { expectClose, of } from './tools.ts';

/** Metrics, measurements and agreement go by how a model's outputs are meant; NaN is never right. */

type Rows = readonly (readonly number[])[];
const table = (rows: Rows): Tensor => of(rows.flat(), [rows.length, rows[0]!.length], 'float32');

/** A network that is an activation and nothing more. */
function ending(
  activation: 'linear' | 'sigmoid' | 'softmax',
  units: number,
  loss?: LossName | Loss,
  metrics: readonly Metric[] = [],
) {
  const model = new Sequential([new Activation(activation, { inputShape: [units] })]);
  if (loss !== undefined) model.compile({ loss, metrics, optimizer: new SGD({ learningRate: 1e-9 }) });
  return model;
}

// Formulas in float64, from the numbers that the model gives, written without the library. ---------------------------

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const softmax = (row: readonly number[]): number[] => {
  const top = Math.max(...row);
  const powers = row.map((z) => Math.exp(z - top));
  return powers.map((v) => v / powers.reduce((a, b) => a + b, 0));
};
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

/** A decision: what is meant, what is said, and the chance given to what is meant and to what is said. */
interface Choice {
  readonly meant: number;
  readonly said: number;
  readonly chance: number;
  readonly confidence: number;
}
type Kind = 'one of k' | 'labels' | 'one label';
interface Case {
  readonly kind: Kind;
  readonly activation: 'linear' | 'sigmoid' | 'softmax';
  readonly loss: (classes: boolean) => LossName | Loss;
  /** Chances that numbers stand for; null where they stand for none. */
  readonly chances: ((row: readonly number[]) => number[]) | null;
  readonly boundary: number;
  readonly no: number;
}
const same = (row: readonly number[]): number[] => [...row];
const CASES: Readonly<Record<string, Case>> = {
  'one of k, softmax': {
    kind: 'one of k',
    activation: 'softmax',
    loss: (classes) => (classes ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy'),
    chances: same,
    boundary: 0.5,
    no: 0,
  },
  'one of k, logits': {
    kind: 'one of k',
    activation: 'linear',
    loss: (classes) =>
      classes ? sparseCategoricalCrossentropy({ fromLogits: true }) : categoricalCrossentropy({ fromLogits: true }),
    chances: softmax,
    boundary: 0,
    no: 0,
  },
  'one label, sigmoid': {
    kind: 'one label',
    activation: 'sigmoid',
    loss: () => 'binaryCrossentropy',
    chances: same,
    boundary: 0.5,
    no: 0,
  },
  'one label, logits': {
    kind: 'one label',
    activation: 'linear',
    loss: () => binaryCrossentropy({ fromLogits: true }),
    chances: (row) => row.map(sigmoid),
    boundary: 0,
    no: 0,
  },
  'one label, margins of 0 and 1': {
    kind: 'one label',
    activation: 'linear',
    loss: () => 'hinge',
    chances: null,
    boundary: 0,
    no: 0,
  },
  'one label, margins of -1 and 1': {
    kind: 'one label',
    activation: 'linear',
    loss: () => 'hinge',
    chances: null,
    boundary: 0,
    no: -1,
  },
  'one label, reals of 0 and 1': {
    kind: 'one label',
    activation: 'linear',
    loss: () => 'mse',
    chances: null,
    boundary: 0.5,
    no: 0,
  },
  'one label, reals of -1 and 1': {
    kind: 'one label',
    activation: 'linear',
    loss: () => 'mse',
    chances: null,
    boundary: 0,
    no: -1,
  },
  'labels, sigmoids': {
    kind: 'labels',
    activation: 'sigmoid',
    loss: () => 'binaryCrossentropy',
    chances: same,
    boundary: 0.5,
    no: 0,
  },
  'labels, logits': {
    kind: 'labels',
    activation: 'linear',
    loss: () => binaryCrossentropy({ fromLogits: true }),
    chances: (row) => row.map(sigmoid),
    boundary: 0,
    no: 0,
  },
  'labels, margins': { kind: 'labels', activation: 'linear', loss: () => 'hinge', chances: null, boundary: 0, no: -1 },
};

function choicesOf({ kind, chances, boundary }: Case, truth: Rows, given: Rows): Choice[] {
  return given.flatMap((row, i) => {
    const p = chances?.(row) ?? row.map(() => Number.NaN);
    if (kind === 'one of k') {
      const said = row.indexOf(Math.max(...row));
      const meant = truth[i]!.indexOf(1);
      return [{ meant, said, chance: p[meant]!, confidence: p[said]! }];
    }
    return row.map((value, j) => {
      const [meant, said] = [Number(truth[i]![j]! > 0), Number(value > boundary)];
      const of = (side: number): number => (side === 1 ? p[j]! : 1 - p[j]!);
      return { meant, said, chance: of(meant), confidence: of(said) };
    });
  });
}

function scores(choices: readonly Choice[], label: number): readonly [precision: number, recall: number, f1: number] {
  const hits = choices.filter(({ meant, said }) => meant === label && said === label).length;
  const said = choices.filter((choice) => choice.said === label).length;
  const meant = choices.filter((choice) => choice.meant === label).length;
  const share = (a: number, b: number): number => (b === 0 ? 0 : a / b);
  return [share(hits, said), share(hits, meant), share(2 * hits, said + meant)];
}

function macro(one: Case, choices: readonly Choice[], width: number, which: 0 | 1 | 2): number {
  if (one.kind === 'labels') {
    const columns = Array.from({ length: width }, (_, j) => choices.filter((__, i) => i % width === j));
    return mean(columns.map((column) => scores(column, 1)[which]));
  }
  const labels = [...new Set(choices.flatMap(({ meant, said }) => [meant, said]))];
  if (one.kind === 'one label' || width === 2) return scores(choices, 1)[which];
  return mean(labels.map((label) => scores(choices, label)[which]));
}

function area(pairs: readonly (readonly [score: number, meant: boolean])[]): number {
  const [above, below] = [true, false].map((side) => pairs.filter(([, meant]) => meant === side).map(([s]) => s));
  return mean(above!.flatMap((a) => below!.map((b) => (a > b ? 1 : a === b ? 0.5 : 0))));
}

function calibration(choices: readonly Choice[], bins: number): number {
  const gaps = Array<number>(bins).fill(0);
  for (const { meant, said, confidence } of choices)
    gaps[Math.min(bins - 1, Math.floor(confidence * bins))]! += confidence - Number(meant === said);
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / choices.length;
}

/** Every figure that the case has, by the library's metric and by its formula. */
function figures(one: Case, truth: Rows, given: Rows): readonly (readonly [Metric, number])[] {
  const choices = choicesOf(one, truth, given);
  const width = given[0]!.length;
  const list: [Metric, number][] = [
    [metricOf('accuracy'), mean(choices.map(({ meant, said }) => Number(meant === said)))],
    [metricOf('precision'), macro(one, choices, width, 0)],
    [metricOf('recall'), macro(one, choices, width, 1)],
    [metricOf('f1'), macro(one, choices, width, 2)],
  ];
  if (one.chances !== null) {
    const losses = choices.map(({ chance }) => -Math.log(Math.max(1e-15, chance)));
    list.push([metricOf('logLoss'), mean(losses)], [calibrationError(4), calibration(choices, 4)]);
  }
  if (one.kind === 'one of k') {
    const rank = given.map((row, i) => {
      const own = row[truth[i]!.indexOf(1)]!;
      return row.filter((v, j) => v > own || (v === own && j < truth[i]!.indexOf(1))).length;
    });
    list.push([topKAccuracy(2), mean(rank.map((above) => Number(above < 2)))]);
  } else {
    const columns = Array.from({ length: width }, (_, j) => area(given.map((row, i) => [row[j]!, truth[i]![j]! > 0])));
    list.push([auc(), mean(columns)]);
  }
  return list;
}

describe.each(Object.keys(CASES))('%s', (name) => {
  const one = CASES[name]!;
  const number = fc.double({ min: -4, max: 4, noNaN: true }).map((v) => Math.round(v * 8) / 8 + 1 / 64);
  const sample = (width: number): fc.Arbitrary<readonly [readonly number[], readonly number[]]> =>
    fc.tuple(
      fc.array(number, { minLength: width, maxLength: width }),
      one.kind === 'one of k'
        ? fc.nat(width - 1).map((c) => Array.from({ length: width }, (_, j) => Number(j === c)))
        : fc.array(
            fc.boolean().map((yes) => (yes ? 1 : one.no)),
            { minLength: width, maxLength: width },
          ),
    );
  const samples = (one.kind === 'one label' ? fc.constant(1) : fc.integer({ min: 2, max: 4 })).chain((width) =>
    fc.array(sample(width), { minLength: 2, maxLength: 12 }),
  );

  test('has the figures of the formulas by fit, evaluate, predict and metric, and measure', () => {
    fc.assert(
      fc.property(samples, fc.boolean(), fc.integer({ min: 1, max: 5 }), (list, asClasses, batchSize) => {
        const inputs = table(list.map(([row]) => row));
        const truth = list.map(([, row]) => row);
        if (one.kind !== 'one of k' && one.no === -1) fc.pre(truth.flat().includes(-1));
        const isSparse = one.kind === 'one of k' && asClasses;
        const y = isSparse ? tensor(Int32Array.from(truth, (row) => row.indexOf(1))) : table(truth);
        const width = inputs.shape[1]!;
        const given = ending(one.activation, width).predict(inputs).toArray() as number[][];
        const wanted = figures(one, truth, given);
        const model = ending(
          one.activation,
          width,
          one.loss(isSparse),
          wanted.map(([metric]) => metric),
        );
        const held = model.evaluate(inputs, y, { batchSize });
        const { history } = model.fit(inputs, y, { batchSize, shuffle: false, validationData: [inputs, y] });
        const outputs = outputsOf(model);
        for (const [metric, right] of wanted) {
          const key = metric.name;
          const state = metric.create(outputs);
          state.update(y, model.predict(inputs));
          for (const [way, got] of [
            ['evaluate', held[key]!],
            ['fit', history[key]![0]!],
            ['held out', history[`val_${key}`]![0]!],
            ['predict', state.result()],
          ] as const)
            if (Number.isNaN(right)) expect(got, `${key} by ${way}`).toBeNaN();
            else expectClose([got], [right], 1e-6, `${key} by ${way}`, 1e-2);
        }
        const { score, scoreName } = measure(model, { samples: [inputs, y], latency: false });
        if (outputs.coding !== 'numbers') expect([scoreName, score]).toEqual(['accuracy', held.accuracy]);
        else expect(scoreName).toBe('r2');
      }),
      { numRuns: 40 },
    );
  });
});

describe('how outputs are meant', () => {
  test.each<
    readonly [activation: 'linear' | 'sigmoid' | 'softmax', units: number, loss: LossName | Loss | undefined, Outputs]
  >([
    ['softmax', 3, 'categoricalCrossentropy', { coding: 'classes', scale: 'probabilities' }],
    ['softmax', 2, 'binaryCrossentropy', { coding: 'classes', scale: 'probabilities' }],
    ['softmax', 3, 'mse', { coding: 'classes', scale: 'probabilities' }],
    ['sigmoid', 3, 'categoricalCrossentropy', { coding: 'classes', scale: 'probabilities' }],
    ['sigmoid', 3, 'binaryCrossentropy', { coding: 'labels', scale: 'probabilities' }],
    ['sigmoid', 1, 'binaryCrossentropy', { coding: 'classes', scale: 'probabilities' }],
    ['sigmoid', 1, undefined, { coding: 'classes', scale: 'probabilities' }],
    ['linear', 1, binaryCrossentropy({ fromLogits: true }), { coding: 'classes', scale: 'logits' }],
    ['linear', 3, binaryCrossentropy({ fromLogits: true }), { coding: 'labels', scale: 'logits' }],
    ['linear', 3, categoricalCrossentropy({ fromLogits: true }), { coding: 'classes', scale: 'logits' }],
    ['linear', 1, 'hinge', { coding: 'classes', scale: 'margins' }],
    ['linear', 2, 'hinge', { coding: 'labels', scale: 'margins' }],
    ['linear', 2, 'mae', { coding: 'numbers', scale: 'reals' }],
    ['linear', 2, undefined, { coding: 'numbers', scale: 'reals' }],
  ])('follows from %s of %i units and the loss: %#', (activation, units, loss, wanted) => {
    expect(outputsOf(ending(activation, units, loss))).toEqual(wanted);
  });

  test('is told to metrics of the user, and may be told to a measurement', () => {
    const seen: (Outputs | undefined)[] = [];
    const own: Metric = {
      name: 'own',
      create: (outputs) => {
        seen.push(outputs);
        return { update: () => {}, result: () => 0 };
      },
    };
    const [x, y] = [table([[0.3], [-0.3]]), table([[1], [0]])];
    ending('linear', 1, binaryCrossentropy({ fromLogits: true }), [own]).evaluate(x, y);
    expect(seen).toEqual([{ coding: 'classes', scale: 'logits' }]);
    const network = toNetwork(ending('linear', 1));
    const score = (outputs: Outputs): number | undefined =>
      measure(network, { samples: [x, y], latency: false, outputs }).score;
    expect(score({ coding: 'classes', scale: 'logits' })).toBe(1);
    expect(score({ coding: 'classes', scale: 'probabilities' })).toBe(0.5);
    expect(() => measure(network, { samples: [x, tensor(Int32Array.of(1, 0))], latency: false })).toThrow(
      'measure: outputs with labels of two classes must be given',
    );
  });

  test('labels that do not exclude each other are seen without a loss too', () => {
    const [x, y] = [
      table([
        [2, 3, -3],
        [3, 2, -3],
      ]),
      table([
        [1, 1, 0],
        [1, 1, 0],
      ]),
    ];
    const model = ending('sigmoid', 3);
    expect(measure(model, { samples: [x, y], latency: false }).score).toBe(1);
    const { agreement } = compare(model, model, { samples: [x, y], latency: false });
    expect(agreement).toBe(1);
  });

  test('agreement is of decisions: of logits on both sides of 0', () => {
    const make = (shift: number): Sequential => {
      const model = new Sequential([new Dense(1, { inputShape: [1] })]);
      model.setWeights([table([[1]]), tensor([shift])]);
      model.compile({ loss: binaryCrossentropy({ fromLogits: true }) });
      return model;
    };
    const samples = [table([[0.3], [-0.3], [2], [-2]]), table([[1], [0], [1], [0]])] as const;
    expect(compare(make(0), make(0.4), { samples, latency: false }).agreement).toBe(0.75);
    expect(compare(make(0), toNetwork(make(0.1)), { samples, latency: false }).agreement).toBe(1);
  });

  test('classes and confusion are told by it', () => {
    const z = table([[0.3], [-0.3], [0.7]]);
    expect([...classesOf(table([[0.3], [0], [0.7]]))]).toEqual([0, 0, 1]);
    expect([...classesOf(z, { scale: 'logits' })]).toEqual([1, 0, 1]);
    const y = table([[1], [0], [1]]);
    expect(confusionMatrix(y, table([[0.3], [0], [0.7]]), 2)).toEqual([
      [1, 0],
      [1, 1],
    ]);
    expect(confusionMatrix(y, z, 2, { coding: 'classes', scale: 'logits' })).toEqual([
      [1, 0],
      [0, 2],
    ]);
    const signed = table([[1], [-1], [1]]);
    expect(confusionMatrix(signed, z, 2, { coding: 'numbers', scale: 'reals' })).toEqual([
      [1, 0],
      [0, 2],
    ]);
    const labels: Outputs = { coding: 'labels', scale: 'logits' };
    expect(() => confusionMatrix(table([[1, 1]]), table([[1, 1]]), 2, labels)).toThrow('have a matrix each');
  });
});

describe('NaN', () => {
  test('is never right, and makes every figure NaN', () => {
    const metrics = [
      'accuracy',
      'binaryAccuracy',
      'precision',
      'recall',
      'f1',
      'auc',
      'logLoss',
      'mse',
      'mae',
      'rmse',
      'r2',
    ] as const;
    for (const [activation, loss, y] of [
      ['sigmoid', 'binaryCrossentropy', [[0], [1], [1]]],
      [
        'softmax',
        'categoricalCrossentropy',
        [
          [0, 1],
          [1, 0],
          [1, 0],
        ],
      ],
      [
        'sigmoid',
        'binaryCrossentropy',
        [
          [0, 1],
          [1, 1],
          [1, 0],
        ],
      ],
      ['linear', 'hinge', [[-1], [1], [1]]],
      ['linear', 'mse', [[0], [1], [1]]],
    ] as const) {
      const chosen = metrics.filter((name) => activation !== 'linear' || name !== 'logLoss');
      const width = y[0]!.length;
      const x = table(
        [
          [0.1, 0.2],
          [Number.NaN, 0.3],
          [0.3, 0.1],
        ].map((row) => row.slice(0, width)),
      );
      const model = ending(
        activation,
        width,
        loss,
        [...chosen.map((name) => metricOf(name)), calibrationError()].slice(
          0,
          activation === 'linear' ? -1 : undefined,
        ),
      );
      const logs = model.evaluate(x, table(y));
      for (const [key, value] of Object.entries(logs)) expect(value, `${activation} ${loss} ${key}`).toBeNaN();
      expect(measure(model, { samples: [x, table(y)], latency: false }).score).toBeNaN();
    }
    expect([
      ...classesOf(
        table([
          [Number.NaN, 1],
          [0, 1],
        ]),
      ),
    ]).toEqual([-1, 1]);
    expect(() => confusionMatrix(table([[1]]), table([[Number.NaN]]), 2)).toThrow(
      'every class must be from 0 to 1, got NaN',
    );
  });

  test('has the verdict broken', () => {
    const model = new Sequential([
      new Dense(1, {
        activation: 'sigmoid',
        kernelInitializer: () => tensor([[Number.NaN]]) as never,
        inputShape: [1],
      }),
    ]);
    model.compile({ loss: 'binaryCrossentropy', metrics: ['accuracy'] });
    model.setWeights([table([[Number.NaN]]), tensor([0])]);
    const [x, y] = [
      table(Array.from({ length: 20 }, (_, i) => [i])),
      table(Array.from({ length: 20 }, (_, i) => [i % 2])),
    ];
    expect(diagnose(model.fit(x, y, { epochs: 2, validationData: [x, y] })).verdict).toBe('broken');
  });
});

describe('labels are held against their coding', () => {
  const scores = table([[0.1], [0.2], [0.8], [0.9]]);

  test('by metrics: classes that begin with 1, several ones in a row, none', () => {
    const fed = (metric: Metric, y: Tensor, p: Tensor, outputs?: Outputs) => () => metric.create(outputs).update(y, p);
    expect(fed(auc(), tensor(Int32Array.of(1, 1, 2, 2)), scores)).toThrow(
      'auc: a label must be 0 or 1 (or -1 or 1), got 2',
    );
    for (const name of ['accuracy', 'f1', 'logLoss'] as const)
      expect(fed(metricOf(name), tensor(Int32Array.of(1, 1, 2, 2)), scores)).toThrow('a label must be 0 or 1, got 2');
    const rows = table([[0.2, 0.8]]);
    expect(fed(metricOf('accuracy'), tensor(Int32Array.of(2)), rows)).toThrow('a whole number from 0 to 1, got 2');
    expect(fed(metricOf('accuracy'), table([[1, 1]]), rows)).toThrow('a row of targets must be of one class');
    expect(fed(metricOf('accuracy'), table([[0, 0]]), rows)).toThrow('a row of targets must be of one class');
    expect(fed(metricOf('binaryAccuracy'), table([[1, 1]]), rows)).not.toThrow();
  });

  test('probabilities are asked for where there are none', () => {
    for (const metric of [metricOf('logLoss'), calibrationError()]) {
      const state = metric.create({ coding: 'classes', scale: 'margins' });
      expect(() => state.update(table([[1]]), table([[0.5]]))).toThrow('every prediction must be a probability');
      expect(() => metric.create().update(table([[1]]), table([[3]]))).toThrow(
        'every prediction must be a probability',
      );
    }
  });
});

describe('two forms of a network', () => {
  const x = table([[2], [1], [-1], [-2]]);
  const y = table([[1], [1], [0], [0]]);
  const made = (activation: 'linear' | 'sigmoid', loss: LossName | Loss): Sequential => {
    const model = new Sequential([new Dense(1, { activation, inputShape: [1] })]);
    model.setWeights([table([[0.3]]), tensor([0])]);
    model.compile({ loss, metrics: ['accuracy'] });
    return model;
  };
  const logits = made('linear', binaryCrossentropy({ fromLogits: true }));
  const chances = made('sigmoid', 'binaryCrossentropy');

  test('are each read as they are meant', () => {
    for (const [a, b] of [
      [logits, chances],
      [chances, logits],
      [logits, quantize(logits, { calibration: x })],
      [quantize(logits, { calibration: x }), chances],
    ] as const) {
      const { before, after, agreement } = compare(a, b, { samples: [x, y], latency: false });
      expect([before.score, after.score, agreement]).toEqual([1, 1, 1]);
    }
    const measured = measure(quantize(logits, { calibration: x }), { samples: [x, [1, 1, 0, 0]], latency: false });
    expect([measured.score, measured.scoreName]).toEqual([1, 'accuracy']);
  });

  test('are distilled as margins too, of labels that hinge would take', () => {
    for (const [targets, width] of [
      [[1, 1, 0, 0], 1],
      [[1, 1, -1, -1], 1],
      [
        [
          [1, 0],
          [1, 0],
          [0, 1],
          [0, 1],
        ],
        2,
      ],
    ] as const) {
      const head = (seed: number): Sequential => {
        const model = new Sequential([new Dense(width, { inputShape: [1] })], { seed });
        model.compile({ loss: 'hinge', metrics: ['accuracy'] });
        return model;
      };
      const { history } = distill({
        teacher: head(1),
        student: head(2),
        x,
        y: targets as never,
        alpha: 0,
        epochs: 60,
        optimizer: new SGD({ learningRate: 0.1 }),
      });
      expect(history.history.loss!.at(-1)).toBeLessThan(0.3);
    }
  });

  test('whose classes int8 chooses otherwise are told apart by their logits', () => {
    const narrow = new Sequential([new Dense(2, { inputShape: [2] })]);
    narrow.setWeights([
      table([
        [1, 1],
        [0.001, -0.001],
      ]),
      tensor([0, 0]),
    ]);
    narrow.compile({ loss: categoricalCrossentropy({ fromLogits: true }) });
    const calibration = table(Array.from({ length: 200 }, (_, i) => [Math.sin(i) * 10, Math.cos(7 * i)]));
    const { notes } = quantize(narrow, { calibration });
    expect(notes.join()).toMatch(/int8 chooses other classes/);
  });
});

test('a loss of the user may say how its outputs are meant, of one unit too', () => {
  const focal: Loss = {
    ...binaryCrossentropy(),
    name: 'focal',
    outputs: { coding: 'classes', scale: 'probabilities' },
  };
  const model = new Sequential([new Dense(1, { activation: 'sigmoid', inputShape: [1] })]);
  model.compile({ loss: focal, metrics: ['accuracy'] });
  expect(() => model.fit(table([[1], [2]]), table([[0], [1]]))).not.toThrow();
});
