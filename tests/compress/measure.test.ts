import { describe, expect, test, vi } from 'vitest';
import { loadTimes } from '../../src/compress/latency.ts';
import {
  compare,
  compileInference,
  Dense,
  damage,
  decodeNetwork,
  distill,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  latencies,
  loadModel,
  measure,
  type Network,
  oneHot,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Sequential,
  ShapeError,
  saveModel,
  setBackend,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { articleModel, normal, quick, smallModel, threeClasses, values } from './tools.ts';

const [x, y] = threeClasses();

function trained(): Sequential {
  const model = smallModel();
  model.fit(x, y, { epochs: 5 });
  return model;
}

describe('measure', () => {
  test('counts the bytes of the file, parameters and multiply-adds', () => {
    const model = articleModel();
    const { bytes, parameters, nonZeroParameters, macs, ...rest } = measure(model, quick);
    expect(bytes).toBe(encodeNetwork(toNetwork(model)).length);
    expect([parameters, nonZeroParameters, macs]).toEqual([11274, 11136, 11136]);
    expect(rest).toEqual({});
    const network = quantize(smallModel(), { calibration: x });
    expect(measure(network, quick).bytes).toBe(encodeNetwork(network).length);
    expect(measure(toNetwork(model), quick)).toEqual(measure(model, quick));
  });

  test('measures latency unless told not to, except of float64 weights', () => {
    const { latency } = measure(smallModel());
    expect(latency!.batch1).toBeGreaterThan(0);
    expect(latency!.batch64).toBeGreaterThan(0);
    expect(measure(smallModel(1, 'float64'))).not.toHaveProperty('latency');
  });

  test('measures the time to load the file and the bytes that programs hold, with latency alone', () => {
    const model = smallModel(); // 5 to 6 to 3
    const { load, memory } = measure(model);
    expect(load).toBeGreaterThan(0);
    const [one, many] = [1, 64].map((batchSize) => compileInference(model, batchSize).memory);
    expect(memory).toEqual({
      weights: one!.weights,
      batch1: one!.weights + one!.values,
      batch64: many!.weights + many!.values,
    });
    expect(many!.values).toBe(64 * one!.values);
    expect(memory!.weights).toBeGreaterThanOrEqual(4 * model.parameterCount);
    for (const none of [measure(model, quick), measure(smallModel(1, 'float64'))]) {
      expect(none).not.toHaveProperty('load');
      expect(none).not.toHaveProperty('memory');
    }
    const int8 = measure(quantize(articleModel(), { calibration: normal([40, 100], 1) }));
    expect(int8.memory!.weights).toBeLessThan(measure(articleModel()).memory!.weights / 3);
  });

  test('loads a file with the coding that was asked for, and compare measures both sides', () => {
    const model = smallModel();
    expect(measure(model, { coding: 'range' }).load).toBeGreaterThan(0);
    const { before, after } = compare(model, quantize(model, { calibration: x }), { coding: 'range' });
    for (const side of [before, after]) {
      expect(side.load).toBeGreaterThan(0);
      expect(side.memory!.batch64).toBeGreaterThan(side.memory!.batch1);
    }
    expect(compare(model, model, quick).before).not.toHaveProperty('memory');
  });

  test('scores accuracy on labels, on one-hot rows and on a sigmoid', () => {
    const model = trained();
    const rows = model.predict(x).toArray() as number[][];
    const right = rows.filter((row, i) => row.indexOf(Math.max(...row)) === y.data[i]).length / rows.length;
    expect(right).toBeGreaterThan(0.4);
    for (const targets of [y, oneHot(y, 3), fromData(Int32Array.from(y.data), [60, 1])]) {
      expect(measure(model, { samples: [x, targets], ...quick })).toMatchObject({
        score: right,
        scoreName: 'accuracy',
      });
    }
    expect(measure(toNetwork(model), { samples: [x, y], ...quick }).score).toBe(right);

    const binary = new Sequential([new Dense(1, { activation: 'sigmoid', inputShape: [5] })]);
    const truth = fromData(
      Float32Array.from(y.data, (label) => Number(label > 0)),
      [60, 1],
    );
    const guess = values(binary.predict(x)).map((p) => Number(p > 0.5));
    expect(measure(binary, { samples: [x, truth], ...quick })).toMatchObject({
      score: guess.filter((label, i) => label === truth.data[i]).length / 60,
      scoreName: 'accuracy',
    });
  });

  test('scores accuracy on one-hot rows of a network without softmax, and R² on numbers', () => {
    const linear = new Sequential([new Dense(3, { inputShape: [5] })]);
    expect(measure(linear, { samples: [x, oneHot(y, 3)], ...quick }).scoreName).toBe('accuracy');
    const scaled = fromData(
      Float32Array.from(oneHot(y, 3).data, (v) => 2 * v),
      [60, 3],
    ); // one number a row, and not 1
    expect(measure(linear, { samples: [x, scaled], ...quick }).scoreName).toBe('r2');
    const twice = fromData(
      Float32Array.from({ length: 180 }, (_, i) => Number(i % 3 > 0)),
      [60, 3],
    );
    expect(measure(linear, { samples: [x, twice], ...quick }).scoreName).toBe('r2');
    for (const outputs of [1, 3]) {
      const model = new Sequential([new Dense(outputs, { inputShape: [5] })]);
      const targets = normal([60, outputs], 4);
      const [t, p] = [targets, model.predict(x)].map(values) as [number[], number[]];
      const columns = Array.from({ length: outputs }, (_, j) => {
        const own = (_: number, i: number): boolean => i % outputs === j;
        const [a, b] = [t.filter(own), p.filter(own)];
        const mean = a.reduce((sum, v) => sum + v, 0) / a.length;
        const residual = a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0);
        return 1 - residual / a.reduce((sum, v) => sum + (v - mean) ** 2, 0);
      });
      const { score, scoreName } = measure(model, { samples: [x, targets], ...quick });
      expect(scoreName).toBe('r2');
      expect(score).toBeCloseTo(columns.reduce((sum, v) => sum + v, 0) / outputs, 6);
    }
  });

  test('refuses samples that do not fit', () => {
    const on =
      (...samples: Parameters<typeof predictNetwork>[1][]) =>
      () =>
        measure(smallModel(), { samples: [samples[0]!, samples[1]!], ...quick });
    expect(on(x, threeClasses(59)[1])).toThrow('measure: x and y must have the same number of samples, at least one');
    expect(on(normal([0, 5]), fromData(new Int32Array(0)))).toThrow('at least one');
    expect(on(normal([60, 4]), y)).toThrow(/shape/);
  });
});

describe('latencies', () => {
  test('gives a positive median for each network', () => {
    const networks = [smallModel(), articleModel()].map(toNetwork);
    const found = latencies(networks, { batchSize: 4, rounds: 3 });
    expect(found).toHaveLength(2);
    expect(found.every((ms) => ms > 0 && ms < Infinity)).toBe(true);
    expect(latencies([], { batchSize: 4 })).toEqual([]);
  });

  /** What is found when calls take these milliseconds: the first to warm up, the second to tell how many make a sample. */
  function timed(durations: readonly number[], rounds?: number): [found: number, rounds: number] {
    const times = durations.flatMap((duration) => [0, duration]);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => times.shift() ?? 0);
    try {
      const options = { batchSize: 1, ...(rounds === undefined ? {} : { rounds }) };
      const [found] = latencies([toNetwork(smallModel())], options);
      return [found!, clock.mock.calls.length / 2 - 2];
    } finally {
      clock.mockRestore();
    }
  }

  test('sorts its samples as numbers, and takes the middle one, of an even number the upper', () => {
    expect(timed([10, 2, 10, 9, 100], 3)).toEqual([10, 3]);
    expect(timed([10, 2, 10, 9], 2)).toEqual([10, 2]);
    expect(timed([10, 2, 7], 1)).toEqual([7, 1]);
    expect(timed([10, 2, ...Array.from({ length: 31 }, (_, i) => 100 - i)])).toEqual([85, 31]);
    // A call takes 0.25 ms, so a sample has four of them; two readings more were too short.
    expect(timed([10, 0.25, 0.5, 1, 8, 16, 4], 3)).toEqual([2, 5]);
  });

  test('takes as many calls as a coarse clock can see', () => {
    expect(timed([10, 0, 0, 1, 8, 16, 4], 3)).toEqual([2, 5]);
  });

  test('takes a sample again with more calls if it was too short to be seen, but not for ever', () => {
    // The calls were counted while another program had the processor.
    expect(timed([10, 2, 0, 0.1, 0.8, 8, 16], 3)).toEqual([2, 5]);
    expect(timed([10, 2, 0.5, 0.5, 0.5], 3)).toEqual([0.5, 3]);
    expect(timed([10], 1)[0]).toBe(0);
  });

  test('refuses less than one round and float64 weights', () => {
    expect(() => latencies([], { batchSize: 1, rounds: 0 })).toThrow(
      'latencies: rounds must be an integer of at least 1',
    );
    expect(() => latencies([toNetwork(smallModel(1, 'float64'))], { batchSize: 1 })).toThrow(/float64/);
  });
});

describe('loadTimes', () => {
  /** How often the clock is asked for a file when that takes so long, but to warm up and to tell how many make a sample. */
  function rounds(milliseconds: number): number {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += milliseconds;
      return now;
    });
    try {
      const [found] = loadTimes([encodeNetwork(toNetwork(smallModel()))]);
      expect(found).toBe(milliseconds);
      return clock.mock.calls.length / 2 - 2;
    } finally {
      clock.mockRestore();
    }
  }

  test('takes fewer samples of a file that is slow to load, and three at least', () => {
    expect(rounds(1024)).toBe(3);
    expect(rounds(16)).toBe(4);
    expect(rounds(12)).toBe(5);
    expect(rounds(11)).toBe(6);
  });
});

describe('what is measured', () => {
  const x = normal([70, 5]);
  const labels = fromData(Int32Array.from({ length: 70 }, (_, i) => i % 3));
  const pruned = prune(smallModel(), { sparsity: 0.5 });
  const network = quantize(smallModel(), { calibration: x });
  const samples = [x, labels] as const;
  const ways: readonly (readonly [string, () => unknown])[] = [
    ['latencies', () => latencies([toNetwork(pruned), network], { batchSize: 2, rounds: 1 })],
    ['measure', () => measure(network, { samples })],
    ['predictNetwork', () => predictNetwork(network, x)],
    ['compare', () => compare(pruned, network, { samples })],
    ['damage', () => damage(pruned, network, samples)],
    ['prune', () => prune(smallModel(), { sparsity: 0.5 })],
    ['quantize', () => quantize(smallModel(), { calibration: x })],
    ['pruneNeurons', () => pruneNeurons(smallModel(), { layer: 0, amount: 2 })],
    ['a refusal of predictNetwork', () => expect(() => predictNetwork(network, normal([3, 4]))).toThrow(ShapeError)],
  ];

  test.each(ways)('leaves nothing in the heap: %s', (_, run) => {
    const before = setBackend(wasm());
    try {
      run(); // what is made once
      const { used, blocks } = wasm().heap.counters();
      for (let i = 0; i < 3; i++) run();
      expect(wasm().heap.counters()).toMatchObject({ used, blocks });
    } finally {
      setBackend(before);
    }
  });
});

describe('predictNetwork', () => {
  test('gives what the model predicts, to the bit, in batches of any size', () => {
    const model = trained();
    const network = toNetwork(model);
    const wanted = model.predict(x);
    for (const batchSize of [1, 7, 64, 100]) {
      const found = predictNetwork(network, x, batchSize);
      expect(found.shape).toEqual(wanted.shape);
      expect(values(found)).toEqual(values(wanted));
    }
    expect(predictNetwork(network, normal([0, 5])).shape).toEqual([0, 3]);
  });

  test('refuses samples of another shape or type', () => {
    const network = toNetwork(new Sequential([new Flatten({ inputShape: [2, 3] }), new Dense(2)]));
    expect(predictNetwork(network, normal([4, 2, 3])).shape).toEqual([4, 2]);
    expect(() => predictNetwork(network, normal([4, 6]))).toThrow(
      'predictNetwork: the samples do not fit the network, got [4, 6] and [2, 3]',
    );
    expect(() => predictNetwork(network, fromData(new Float64Array(6), [1, 2, 3]))).toThrow(
      'predictNetwork: needs float32, got float64',
    );
    expect(() => predictNetwork(network, fromData(new Float32Array(1), []))).toThrow('do not fit');
  });
});

describe('every compressed form', () => {
  const model = trained();
  const pruned = prune(model, { sparsity: 0.7 });
  const smaller = pruneNeurons(pruned, { layer: 0, amount: 0.4 });
  const student = distill({ teacher: model, student: smaller, x, y, epochs: 2 }).model;
  const models: [string, Sequential][] = [
    ['pruned', pruned],
    ['pruned and smaller', smaller],
    ['a distilled student', student],
  ];

  test.each(models)('gives equal predictions after its file: %s', (_, made) => {
    const wanted = values(made.predict(x));
    expect(values(loadModel(saveModel(made)).predict(x))).toEqual(wanted);
    expect(values(loadModel(saveModel(made, { weightsOnly: true })).predict(x))).toEqual(wanted);
    const { network } = decodeNetwork(encodeNetwork(toNetwork(made)));
    expect(values(predictNetwork(network, x))).toEqual(wanted);
  });

  test.each(models)('can be quantized, and read back to the bit: %s', (_, made) => {
    const network = quantize(made, { calibration: x });
    const back: Network = decodeNetwork(encodeNetwork(network)).network;
    expect(back).toEqual(network);
    expect(values(predictNetwork(back, x))).toEqual(values(predictNetwork(network, x)));
    expect(() => loadModel(encodeNetwork(network))).toThrow(/is quantized and cannot be trained/);
  });
});

test('predictNetwork names itself and the sample, in whichever batch, that names no entry', () => {
  const model = new Sequential([new Embedding(6, 2, { inputShape: [2] })]);
  model.build([2]);
  const samples = Array.from({ length: 70 }, (_, i) => [0, i === 66 ? 6 : 5]);
  expect(() => predictNetwork(toNetwork(model), samples)).toThrow(
    'predictNetwork: sample 66 of x must be of whole numbers from 0 to 5, got 6',
  );
});
