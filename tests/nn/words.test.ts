import { describe, expect, test } from 'vitest';
import {
  Adam,
  AvgPool1D,
  Concat,
  Conv1D,
  cast,
  cloneModel,
  compare,
  compileInference,
  Dense,
  Dropout,
  diagnose,
  digest,
  distill,
  Embedding,
  Flatten,
  foldConstants,
  fromNetwork,
  GlobalAvgPool1D,
  input,
  loadModel,
  Model,
  maxNorm,
  measure,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Residual,
  Sequential,
  saveModel,
  tensor,
  toNetwork,
  zeros,
} from '../../src/index.ts';
import { expectClose, list, noise } from './tools.ts';

const draw = noise(31);
const WORDS = 12;
/** Rows of 6 words; those of class 1 have word 3 or 4 in them. */
const rows = Array.from({ length: 48 }, (_, i) =>
  list(6, () => 5 + Math.floor(((draw() + 1) / 2) * 7)).map((word, at) =>
    i % 2 === 1 && at === i % 6 ? 3 + ((i % 4) >> 1) : word,
  ),
);
const labels = Int32Array.from(rows, (_, i) => i % 2);
const flat = Int32Array.from(rows.flat());
const words = tensor(flat, { shape: [48, 6] });

function classifier({
  seed = 1,
  replay = true,
  isBuilt = true,
  dtype = 'float32' as 'float32' | 'float64',
} = {}): Sequential {
  const model = new Sequential(
    [
      new Embedding(WORDS, 4, {
        ...(isBuilt && { inputShape: [6] }),
        embeddingsRegularizer: 'l2',
        embeddingsConstraint: maxNorm(1, 1),
      }),
      new GlobalAvgPool1D(),
      new Dense(8, { activation: 'relu6' }),
      new Dense(2, { activation: 'softmax' }),
    ],
    { seed, dtype },
  );
  model.compile({
    optimizer: new Adam({ learningRate: 0.03 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    replay,
  });
  return model;
}

describe('a model that reads words', () => {
  test('takes rows of numbers, typed arrays and int32 tensors for the same', () => {
    const ways = [rows, words, flat, Float64Array.from(flat), Uint16Array.from(flat)] as const;
    const digests = ways.map((x) => {
      const model = classifier();
      model.fit(x, labels, { epochs: 2, validationSplit: 0.25 });
      expect(model.evaluate(x, labels).loss).toBe(model.evaluate(words, labels).loss);
      expect([...model.predict(x).data]).toEqual([...model.predict(words).data]);
      return digest(model);
    });
    expect(new Set(digests).size).toBe(1);
    const later = classifier({ isBuilt: false });
    expect(later.inputDtypes).toEqual(['int32']);
    later.fit(rows, labels, { epochs: 2, validationSplit: 0.25 });
    expect(digest(later)).toBe(digests[0]);
  });

  test('looks rows of the table up', () => {
    const model = new Sequential([new Embedding(5, 3, { inputShape: [2] })]);
    const table = model.weights[0]!.value.data;
    expect([
      ...model.predict([
        [4, 0],
        [1, 1],
      ]).data,
    ]).toEqual([4, 0, 1, 1].flatMap((i) => [...table.slice(3 * i, 3 * i + 3)]));
    expect(Math.max(...table)).toBeLessThanOrEqual(0.05);
    const pairs = new Sequential([new Embedding(5, 3, { inputShape: [] })]);
    expect(pairs.predict([4, 0, 2]).shape).toEqual([3, 3]);
  });

  test('learns, to the same bits eager and replayed, and goes on from its file', () => {
    const models = [true, false].map((replay) => {
      const model = classifier({ replay });
      model.fit(words, labels, { epochs: 60 });
      expect(model.replayStatus.isReplaying).toBe(replay);
      return model;
    });
    const [model, eager] = models as [Sequential, Sequential];
    expect(digest(model)).toBe(digest(eager));
    expect(model.evaluate(words, labels).accuracy).toBeGreaterThan(0.9);
    const loaded = loadModel(saveModel(model));
    for (const other of [loaded, cloneModel(model), fromNetwork(toNetwork(model))]) {
      expect(digest(other)).toBe(digest(model));
      expect([...other.predict(rows).data]).toEqual([...model.predict(words).data]);
    }
    model.trainOnBatch(rows.slice(0, 5), labels.slice(0, 5));
    loaded.trainOnBatch(rows.slice(0, 5), labels.slice(0, 5));
    expect(digest(loaded)).toBe(digest(model));
    expect(String(toNetwork(model))).toContain('int32 [6]');
  });

  test('in float64 is one too', () => {
    const model = classifier({ dtype: 'float64' });
    model.fit(rows, labels, { epochs: 2 });
    const network = toNetwork(model);
    expect(network.inputs[0]!.dtype).toBe('int32');
    for (const other of [loadModel(saveModel(model)), fromNetwork(network)]) {
      expect([other.dtype, digest(other)]).toEqual(['float64', digest(model)]);
    }
    expect(() => compileInference(model)).toThrow(/compileNetwork: a program computes in float32, got float64/);
  });

  test('has a program, and is measured, compared, distilled, pruned and diagnosed', () => {
    const model = classifier();
    const history = model.fit(words, labels, { epochs: 5, validationSplit: 0.25 });
    const program = compileInference(model, 48);
    const wanted = [...model.predict(words).data];
    expect(program.inputTypes).toEqual(['int32']);
    expect([...program.run(flat)]).toEqual(wanted);
    expect([...predictNetwork(toNetwork(model), rows).data]).toEqual(wanted);
    const accuracy = model.evaluate(words, labels).accuracy!;
    expect(measure(model, { samples: [rows, labels] }).score).toBeCloseTo(accuracy, 6);
    const measured = measure(toNetwork(model), { samples: [words, labels], latency: true });
    expect(measured.score).toBeCloseTo(accuracy, 6);
    expect(Object.keys(measured.latency!)).toContain('batch1'); // a program of int32 inputs was run
    const pruned = prune(model, { sparsity: 0.5 });
    expect(pruned.weights.map(({ mask }) => mask !== null)).toEqual([false, true, false, true, false]);
    pruned.fit(words, labels, { epochs: 1 });
    expect(compare(model, pruned, { samples: [rows, labels] }).after.nonZeroParameters).toBeLessThan(
      model.parameterCount,
    );
    const student = classifier({ seed: 9 });
    const before = digest(student);
    const { model: taught } = distill({ teacher: model, student, x: rows, y: labels, epochs: 1 });
    expect(digest(taught)).not.toBe(before);
    const { monitor, validation } = diagnose(history);
    expect(validation).toBeCloseTo(model.evaluate(rows.slice(36), labels.slice(36))[monitor]!, 6);
    expect(digest(foldConstants(model))).toBe(digest(model));
  });

  test.each<[string, (model: Sequential) => unknown, RegExp]>([
    [
      'a number past the table',
      (m) =>
        m.predict([
          [1, 2, 3, 4, 5, 6],
          [1, 2, 3, 4, 5, WORDS],
        ]),
      /^predict: sample 1 of x must be of whole numbers from 0 to 11, got 12/,
    ],
    [
      'a number below 0',
      (m) => m.fit([...rows, [0, -1, 0, 0, 0, 0]], [...labels, 1]),
      /^fit: sample 48 of x must be of whole numbers from 0 to 11, got -1/,
    ],
    [
      'half a word',
      (m) => m.evaluate([[0, 0, 0, 0.5, 0, 0]], [0]),
      /^evaluate: sample 0 of x must be of whole numbers, .*, got 0.5/,
    ],
    [
      'NaN in a flat array',
      (m) => m.predict(Float32Array.of(...Array(6).fill(0), NaN, 0, 0, 0, 0, 0)),
      /^predict: sample 1 of x .* got NaN/,
    ],
    [
      'held-out samples',
      (m) => m.fit(words, labels, { validationData: [[[0, 0, 0, 0, 0, 99]], [0]] }),
      /^fit: sample 0 of x of validationData must be .* got 99/,
    ],
    [
      'floats in a tensor',
      (m) => m.predict(zeros([1, 6])),
      /DType|not of the type of the model, got float32 and int32/,
    ],
    [
      'a pass of its own',
      (m) => m.forward(tensor([[0, 0, 0, 0, 0, 77]], { dtype: 'int32' })),
      /^forward: sample 0 of x .* got 77/,
    ],
    ['one batch', (m) => m.trainOnBatch([[0, 0, 0, 0, 0, 12]], [0]), /^trainOnBatch: sample 0 of x .* got 12/],
    [
      'a program',
      (m) => compileInference(m, 2).run(Int32Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0)),
      /^run: sample 1 of input "input" must be of whole numbers from 0 to 11, got 12/,
    ],
    ['floats for a program', (m) => compileInference(m, 2).run(new Float32Array(6)), /a Int32Array/],
    [
      'dynamic int8',
      (m) => quantize(m, { format: 'dynamic' }),
      /^quantize: node "embedding" \(embedding\) has no form of dynamic values/,
    ],
    ['channels', (m) => pruneNeurons(m, { x: rows } as never), /./],
    [
      'layers of floats',
      () => new Sequential([new Dense(2, { inputShape: [6] }), new Embedding(3, 2)]),
      /node "embedding" \(embedding\) reads int32, which an input alone has, got float32/,
    ],
    [
      'two readers of one input',
      () => twoReaders(),
      /node "dense" \(dense\) computes with floats of one type, got int32/,
    ],
    [
      'a sum with what it reads',
      () => new Sequential([new Residual([new Embedding(3, 2)], { inputShape: [2] })]),
      /computes with floats of one type/,
    ],
    ['a table of no entries', () => new Embedding(0, 2), /inputDim must be a positive integer/],
    [
      'an option that is not there',
      () => new Embedding(3, 2, { maskZero: true } as never),
      /maskZero must be one of the options/,
    ],
  ])('refuses %s in one sentence', (_, run, message) => {
    const model = classifier();
    const before = digest(model);
    expect(() => run(model)).toThrow(message);
    expect(digest(model)).toBe(before);
  });

  test('answers in int8 as in float32, from a table of int8', () => {
    const model = classifier();
    model.fit(words, labels, { epochs: 60 });
    const int8 = quantize(model, { calibration: rows });
    expect(int8.weights.get('embedding/embeddings')!.encoding.type).toBe('int8');
    const [real, near] = [model.predict(words), predictNetwork(int8, words)].map(({ data }) => data);
    for (const [i, y] of real!.entries()) expect(Math.abs(near![i]! - y)).toBeLessThan(0.05);
  });

  test('has no part in samples of weight 0, whatever words they have', () => {
    const [one, two] = [classifier(), classifier()];
    const weight = Float32Array.from(rows, (_, i) => (i === 2 ? 0 : 1));
    one.fit(rows, labels, { epochs: 1, sampleWeight: weight, shuffle: false });
    const spoilt = rows.map((row, i) => (i === 2 ? row.map(() => 10_000) : row));
    two.fit(spoilt, labels, { epochs: 1, sampleWeight: weight, shuffle: false });
    expect(digest(one)).toBe(digest(two));
  });

  test('may have tables at several inputs beside floats, in branches, and one table for two', () => {
    const [a, b, c] = [input([3]), input([3]), input([2])];
    const table = new Embedding(7, 2, { name: 'table' });
    const branches = new Concat([
      [new Embedding(7, 3), new Flatten()],
      [new Embedding(9, 1), new Flatten()],
    ]).apply(a);
    const both = [table.apply(a), table.apply(b)].map((x) => new Flatten().apply(x));
    const model = new Model(
      [a, b, c],
      new Dense(1).apply(new Concat().apply([branches, ...both, new Dense(2).apply(c)])),
    );
    expect(model.inputDtypes).toEqual(['int32', 'int32', 'float32']);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    const x = [
      [
        [1, 2, 6],
        [0, 0, 0],
      ],
      [
        [3, 3, 3],
        [6, 5, 4],
      ],
      [
        [0.5, 1],
        [2, 3],
      ],
    ];
    model.fit(x, [[1], [2]], { epochs: 3 });
    const other = loadModel(saveModel(model));
    expect([...other.predict(x).data]).toEqual([...model.predict(x).data]);
    const parts = [Int32Array.from(x[0]!.flat()), Int32Array.from(x[1]!.flat()), Float32Array.from(x[2]!.flat())];
    expect([...compileInference(model, 2).run(parts)[0]!]).toEqual([...model.predict(x).data]);
    expect(() => model.predict([[[7, 0, 0]], [[0, 0, 0]], [[0, 0]]])).toThrow(
      /sample 0 of x\[0\] must be of whole numbers from 0 to 6, got 7/,
    );
  });

  test('goes through convolutions of sequences and dropout', () => {
    const model = new Sequential(
      [
        new Embedding(WORDS, 4, { inputShape: [6] }),
        new Dropout(0.2),
        new Conv1D(3, 2, { activation: 'relu' }),
        new AvgPool1D(),
        new Flatten(),
        new Dense(1),
      ],
      { seed: 2 },
    );
    model.compile({ optimizer: 'adam', loss: 'mse' });
    model.fit(rows, labels, { epochs: 4 });
    expect(model.replayStatus.isReplaying).toBe(true);
    expectClose([...compileInference(model, 48).run(flat)], model.predict(cast(words, 'int32')).data, 0);
  });
});

function twoReaders(): Model {
  const x = input([4]);
  return new Model(x, new Concat().apply([new Flatten().apply(new Embedding(3, 2).apply(x)), new Dense(2).apply(x)]));
}
