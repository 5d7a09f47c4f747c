import { describe, expect, test } from 'vitest';
import { wasm } from '../../kernels/index.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Encoding } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { hasKernel, isPrepared, kernelBitsOf } from '../../src/graph/facts.ts';
import { toFloat16 } from '../../src/graph/halves.ts';
import {
  Activation,
  Add,
  BatchNorm,
  backend,
  cloneModel,
  compileInference,
  convert,
  cpu,
  Dense,
  Dropout,
  FakeQuantize,
  fromData,
  grad,
  input,
  Layer,
  loadModel,
  Model,
  mul,
  Network,
  prepareQAT,
  prune,
  pruneNeurons,
  QATSchedule,
  quantize,
  reference,
  Sequential,
  StateError,
  type Stored,
  saveModel,
  setBackend,
  sum,
  type Tensor,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { rounded } from '../../src/nn/rounded.ts';
import { FIVE, tenClasses, trained } from '../compress/five-networks.ts';
import { normal, smallModel, threeClasses } from '../compress/tools.ts';
import { chain, difference } from './qat-tools.ts';

const bytesOf = (model: Model): Uint8Array => saveModel(model);
const numbersOf = (t: Tensor): number[] => Array.from(t.data as Float32Array);
const set = (layer: Layer, role: string, ...values: number[]): void =>
  layer.parameter(role).value.storage.array.set(values);
const at = (layer: Layer, role: string): number => layer.parameter(role).value.item();

/** Half to even, by its definition. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}

/** A FakeQuantize by itself. */
function alone(options = {}, size = 12): [model: Sequential, layer: FakeQuantize] {
  const layer = new FakeQuantize({ ...options, inputShape: [size] });
  const model = new Sequential([layer]);
  model.build([size]);
  return [model, layer];
}

/** A network with another weight. */
const withWeight = (network: Network, key: string, weight: Stored): Network =>
  new Network({ ...network, weights: new Map(network.weights).set(key, weight) });

describe('gradients', () => {
  test('of a rounded value pass within its integers, both ends included, and are 0 outside', () => {
    const [model, layer] = alone({}, 8);
    set(layer, 'low', -1);
    set(layer, 'high', 1.55); // a scale of 0.01, 0 is the integer -28
    const x = fromData(Float32Array.of(-1.2, -1.004, -0.99, 0, 0.3, 1.54, 1.554, 2), [1, 8]);
    const cotangent = normal([1, 8], 2);
    const [g] = grad(() => sum(mul(model.forward(x), cotangent)), [x]);
    const scale = Math.fround(2.55 / 255);
    numbersOf(g!).forEach((own, i) => {
      const integer = x.data[i]! / scale;
      const isInside = integer >= -100 && integer <= 155;
      expect(own).toBeCloseTo(isInside ? cotangent.data[i]! : 0, 6);
    });
    expect(numbersOf(model.predict(x)).map((y) => Math.round(100 * y))).toEqual([
      -100, -100, -99, 0, 30, 154, 155, 155,
    ]);
  });

  test('of a kernel pass its rounding, and are those of the rounded kernel for what it reads', () => {
    const model = new Sequential([new Dense(5, { inputShape: [4], kernelBits: 3 })], { seed: 2 });
    const { kernel } = model.layers[0] as Dense;
    const x = normal([6, 4], 1);
    const g = normal([6, 5], 2);
    const [toX, toKernel] = grad(() => sum(mul(model.forward(x), g)), [x, kernel]);
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 5; j++) {
        let expected = 0;
        for (let r = 0; r < 6; r++) expected += x.data[r * 4 + i]! * g.data[r * 5 + j]!;
        expect(toKernel!.data[i * 5 + j]).toBeCloseTo(expected, 5);
      }
    const rounded = Array.from(kernel.data, (w, i) => {
      const column = [0, 1, 2, 3].map((r) => Math.abs(kernel.data[r * 5 + (i % 5)]!));
      const scale = Math.max(...column) / 3;
      return scale * nearest(w / scale);
    });
    for (let r = 0; r < 6; r++)
      for (let i = 0; i < 4; i++) {
        let expected = 0;
        for (let j = 0; j < 5; j++) expected += g.data[r * 5 + j]! * rounded[i * 5 + j]!;
        expect(toX!.data[r * 4 + i]).toBeCloseTo(expected, 5);
      }
  });

  /** Esser et al. 2019, equation 3: what a number v adds to the gradient of its step, but for the factor of section 2.2. */
  const lsq = (v: number, step: number, low: number, high: number): number => {
    const ratio = v / step;
    return ratio <= low ? low : ratio >= high ? high : nearest(ratio) - ratio;
  };

  test.each([-128, 0, 30])('of a trained scale are the formula of the paper, zero point %i', (zeroPoint) => {
    const [model, layer] = alone({ zeroPoint }, 40);
    set(layer, 'scale', 0.013);
    const x = normal([3, 40], 4);
    const g = normal([3, 40], 5);
    const [own] = grad(() => sum(mul(model.forward(x), g)), [layer.parameter('scale').value]);
    const [low, high] = [-128 - zeroPoint, 127 - zeroPoint] as [number, number];
    const step = Math.fround(0.013);
    const plain = numbersOf(x).reduce((total, v, i) => total + g.data[i]! * lsq(v, step, low, high), 0);
    expect(own!.item()).toBeCloseTo(plain / Math.sqrt(40 * Math.max(high, -low)), 5);
  });

  test('of the steps of a kernel and of its input too, whatever the bias is', () => {
    const fake = new FakeQuantize({ zeroPoint: -10, inputShape: [6] });
    const dense = new Dense(4, { kernelBits: 4, learnedStep: true });
    const model = chain([fake, dense]);
    set(fake, 'scale', 0.02);
    set(dense, 'steps', 0.1, 0.05, 0.2, 0.15);
    const x = normal([5, 6], 3);
    const g = normal([5, 4], 6);
    const wrt = [fake.parameter('scale').value, dense.parameter('steps').value, dense.bias!];
    const [toScale, toSteps, toBias] = grad(() => sum(mul(model.forward(x), g)), wrt);
    const step = numbersOf(wrt[1]!);
    const scale = Math.fround(0.02);
    const clamp = (q: number, low: number, high: number) => Math.min(Math.max(q, low), high);
    const rounded = numbersOf(x).map((v) => scale * clamp(nearest(v / scale), -118, 137));
    const kernel = numbersOf(dense.kernel);
    let ofScale = 0;
    const ofSteps = [0, 0, 0, 0];
    for (let j = 0; j < 4; j++) {
      let ofBias = 0;
      for (let r = 0; r < 5; r++) {
        const own = g.data[r * 4 + j]!;
        ofBias += own;
        for (let i = 0; i < 6; i++) {
          const w = kernel[i * 4 + j]!;
          const whole = step[j]! * clamp(nearest(w / step[j]!), -7, 7);
          ofScale += own * whole * lsq(x.data[r * 6 + i]!, scale, -118, 137);
          ofSteps[j]! += own * rounded[r * 6 + i]! * lsq(w, step[j]!, -7, 7);
        }
      }
      expect(toBias!.data[j]).toBeCloseTo(ofBias, 4);
      expect(toSteps!.data[j]).toBeCloseTo(ofSteps[j]! / Math.sqrt(6 * 7), 3);
    }
    expect(toScale!.item()).toBeCloseTo(ofScale / Math.sqrt(6 * 138), 3);
  });

  test('of sums that become integers are masked by what the activation leaves', () => {
    const model = chain([
      new FakeQuantize({ inputShape: [6] }),
      new Dense(5, { kernelBits: 8, activation: 'relu6' }),
      new FakeQuantize(),
    ]);
    const [first, dense, last] = model.layers as [Layer, Dense, Layer];
    set(first, 'low', -3);
    set(first, 'high', 3);
    set(last, 'high', 1.5);
    const x = normal([50, 6], 3);
    const g = normal([50, 5], 6);
    const bias = dense.bias!;
    const [own] = grad(() => sum(mul(model.forward(x), g)), [bias]);
    const before = numbersOf(cloneWith(model, 'linear').predict(x));
    const expected = [0, 0, 0, 0, 0];
    before.forEach((y, i) => {
      if (y >= 0 && y <= 1.5) expected[i % 5]! += g.data[i]!;
    });
    numbersOf(own!).forEach((each, j) => {
      expect(each).toBeCloseTo(expected[j]!, 3);
    });
  });

  /** The model with its dense layer ending otherwise, and without what rounds behind it. */
  function cloneWith(model: Sequential, activation: 'linear'): Sequential {
    const [first, dense] = model.layers as [Layer, Dense];
    const copy = new Sequential([first.clone(), new Dense(5, { ...dense.options, activation })]);
    copy.build(model.inputShape);
    copy.weights.forEach(({ value }, i) => {
      value.storage.array.set(model.weights[i]!.value.data);
    });
    return copy;
  }
});

describe('ranges', () => {
  const batch = (...numbers: number[]): Tensor => fromData(Float32Array.from(numbers), [numbers.length / 2, 2]);

  test('begin with the first batch, move by the momentum, and stay in evaluation and for what is not finite', () => {
    const [model, layer] = alone({ momentum: 0.75 }, 2);
    const range = () => [at(layer, 'low'), at(layer, 'high')];
    model.forward(batch(-9, 9, 1, 1));
    expect(range()).toEqual([0, 0]);
    model.forward(batch(-1, 2, 0.5, 4), { training: true });
    expect(range()).toEqual([-1, 4]);
    model.forward(batch(-3, 0, 1, 1), { training: true });
    expect(range()).toEqual([-1.5, 3.25]);
    model.forward(batch(NaN, 0, 1, 1), { training: true });
    model.forward(batch(Infinity, 0, -Infinity, 1), { training: true });
    model.forward(fromData(new Float32Array(0), [0, 2]), { training: true });
    expect(range()).toEqual([-1.5, 3.25]);
    model.forward(batch(5, 6, 7, 8), { training: true });
    expect(range()).toEqual([-1.125, 4.4375]);
  });

  test('of several values move once a step, by all of them', () => {
    const fake = new FakeQuantize({ momentum: 0.5 });
    const x = input([2]);
    const y = fake.apply(x);
    const model = new Model(x, new Add().apply([fake.apply(new Activation('exponential').apply(y)), y]));
    set(fake, 'low', -1);
    set(fake, 'high', 1);
    model.forward(batch(-3, 0, 0, 1), { training: true });
    expect(at(fake, 'low')).toBe(-2);
    expect(at(fake, 'high')).toBeCloseTo(0.5 + 0.5 * Math.E, 1);
  });

  test('of several values begin with all of them as they are, and move from there', () => {
    for (const factors of [
      [1, 10],
      [10, 1],
      [0, 3, 10, 1],
      [10, NaN],
      [NaN, 10],
    ]) {
      const fake = new FakeQuantize({ momentum: 0.5 });
      const xs = factors.map(() => input([2]));
      const model = new Model(xs, new Add().apply(xs.map((x) => fake.apply(x))));
      const step = (size: number): Tensor =>
        model.forward(
          factors.map((factor) => batch(-factor * size, 0, 0, 2 * factor * size)),
          { training: true },
        ) as Tensor;
      step(1);
      expect([at(fake, 'low'), at(fake, 'high')], `${factors}`).toEqual([-10, 20]);
      step(3);
      expect([at(fake, 'low'), at(fake, 'high')], `${factors}`).toEqual([-20, 40]);
    }
  });

  test('without calibration, of a layer used twice, are those of the first batch', () => {
    const tenfold = (shape: readonly number[]): Tensor =>
      fromData(
        Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 10 : 0)),
        shape,
      );
    const x = input([5]);
    const shared = new Dense(5, { kernelInitializer: tenfold });
    const model = prepareQAT(new Model(x, new Dense(3).apply(shared.apply(shared.apply(x)))));
    const samples = normal([8, 5], 3);
    model.forward(samples, { training: true });
    const high = model.weights.find(({ name }) => name.startsWith('input') && name.endsWith('/high'))!;
    expect(high.value.item() / Math.max(...samples.data)).toBeCloseTo(10, 0);
  });
});

describe('training', () => {
  const compiled = (model: Model, replay: boolean): Model => {
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], replay });
    return model;
  };

  const SETTINGS: readonly [name: string, options: { bits?: number; learnedStep?: boolean }][] = [
    ['MLP', {}],
    ['MLP', { bits: 3, learnedStep: true }],
    ['article CNN', { bits: 4 }],
    ['ShuffleNetV2', { bits: 4, learnedStep: true }],
    ['residual with a shared layer', {}],
  ];

  test.each(SETTINGS)('of %s with %o repeats recorded steps to the bit', (name, options) => {
    const calibration = normal([40, ...FIVE[name]!().inputShape], 3);
    const run = (replay: boolean): Model => {
      const model = compiled(prepareQAT(FIVE[name]!(), { calibration, ...options }), replay);
      const callbacks = [new QATSchedule({ freezeObserversAt: 6, freezeBatchNormAt: 9, unit: 'steps' })];
      model.fit(...tenClasses(model, 24), { epochs: 4, batchSize: 8, callbacks });
      return model;
    };
    const [eager, replayed] = [run(false), run(true)];
    expect(replayed.replayStatus.replayed).toBeGreaterThan(3);
    expect(replayed.weights.map(({ value }) => numbersOf(value))).toEqual(
      eager.weights.map(({ value }) => numbersOf(value)),
    );
  });

  test('gives the same bits on every table of kernels', () => {
    const before = backend().kernels;
    const results = [reference, cpu, wasm()].map((table) => {
      setBackend(table);
      try {
        const model = prepareQAT(smallModel(), { calibration: threeClasses()[0], bits: 4, learnedStep: true });
        model.fit(...threeClasses(), { epochs: 3 });
        return model.weights.map(({ value }) => numbersOf(value));
      } finally {
        setBackend(before);
      }
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  test.each([false, true])(
    'of kernels in 2 bits learns what rounding them afterwards loses (learned steps: %s)',
    (learnedStep) => {
      const [x, y] = threeClasses(300);
      const model = smallModel();
      model.fit(x, y, { epochs: 40 });
      const prepared = prepareQAT(model, { calibration: x, bits: 2, learnedStep });
      const before = prepared.evaluate(x, y).loss!;
      prepared.fit(x, y, { epochs: 40 });
      expect(prepared.evaluate(x, y).loss!).toBeLessThan(0.7 * before);
      expect(difference(prepared, convert(prepared), x).different).toBe(0);
    },
  );

  test('ends the moving of ranges, and of statistics, at an epoch; gamma is trained on', () => {
    const model = prepareQAT(
      new Sequential([new Dense(6, { inputShape: [5] }), new BatchNorm(), new Dense(3, { activation: 'softmax' })]),
    );
    compiled(model, true);
    const [x, y] = threeClasses();
    const fakes = model.layers.filter((layer) => layer instanceof FakeQuantize);
    const norm = model.layers.find((layer) => layer instanceof BatchNorm)!;
    const seen: number[][] = [];
    const watch = {
      onEpochEnd: () =>
        seen.push([
          at(fakes[0]!, 'high'),
          norm.parameter('mean').value.data[0]!,
          norm.parameter('gamma').value.data[0]!,
        ]),
    };
    model.fit(x, y, { epochs: 4, callbacks: [new QATSchedule({ freezeObserversAt: 1, freezeBatchNormAt: 2 }), watch] });
    expect(seen[1]![0]).toBe(seen[0]![0]);
    expect(seen[1]![1]).not.toBe(seen[0]![1]);
    expect(seen[3]![1]).toBe(seen[1]![1]);
    expect(seen[3]![2]).not.toBe(seen[2]![2]);
    expect(model.moved).toEqual([]);
    // In training as in evaluation, since nothing else differs
    expect(numbersOf(model.forward(x, { training: true }))).toEqual(numbersOf(model.predict(x)));
    const again = loadModel(bytesOf(model));
    expect(again.layers.map(({ movesStatistics }) => movesStatistics)).toEqual(
      model.layers.map(({ movesStatistics }) => movesStatistics),
    );
    expect(cloneModel(model).moved).toEqual([]);
    expect(prune(model, { sparsity: 0.5 }).moved).toEqual([]);
  });
});

describe('a prepared model', () => {
  test.each([false, true])(
    'is the same after saving and copying, and trains on to the same bits (learned steps: %s)',
    (learnedStep) => {
      const [x, y] = threeClasses();
      const model = prepareQAT(smallModel(), { calibration: x, bits: 4, learnedStep });
      model.fit(x, y, { epochs: 2 });
      const loaded = loadModel(bytesOf(model));
      const copy = cloneModel(model);
      for (const other of [loaded, copy]) {
        expect(numbersOf(other.predict(x))).toEqual(numbersOf(model.predict(x)));
        expect(encodeNetwork(convert(other))).toEqual(encodeNetwork(convert(model)));
      }
      model.fit(x, y, { epochs: 2 });
      loaded.fit(x, y, { epochs: 2 });
      expect(numbersOf(loaded.predict(x))).toEqual(numbersOf(model.predict(x)));
      expect(bytesOf(loaded)).toEqual(bytesOf(model));
    },
  );

  test('leaves the model that it is made of alone, and keeps its masks, options and rules', () => {
    const [x] = threeClasses();
    const model = prune(smallModel(), { sparsity: 0.5 }) as Model;
    const before = bytesOf(model);
    const prepared = prepareQAT(model, { calibration: x });
    expect(bytesOf(model)).toEqual(before);
    prepared.fit(...threeClasses(), { epochs: 2 });
    const zeros = (graph: ReturnType<typeof convert>) =>
      [...graph.weights].flatMap(([key, { mask, encoding }]) =>
        mask === null ? [] : [[key, mask.every((bit, i) => bit === 1 || encoding.values[i] === 0)]],
      );
    expect(zeros(convert(prepared)).length).toBe(3);
    for (const [, areZero] of zeros(convert(prepared))) expect(areZero).toBe(true);
  });

  test('runs as a program of real numbers, rounded, and in a file of version 4', () => {
    for (const bits of [8, 3]) {
      const model = prepareQAT(trained('article CNN'), { calibration: normal([40, 8, 8, 1], 3), bits });
      const x = normal([50, 8, 8, 1], 5);
      const network = toNetwork(model);
      const program = compileInference(model, 50);
      const y = program.run(x.data as Float32Array);
      const apart = numbersOf(model.predict(x)).map((own, i) => Math.abs(own - (y as Float32Array)[i]!));
      expect(Math.max(...apart)).toBeLessThan(0.02);
      const again = compileInference(network, 50).run(x.data as Float32Array);
      expect([...(again as Float32Array)]).toEqual([...(y as Float32Array)]);
      const plain = rounded(network);
      expect(plain.nodes.some(isPrepared)).toBe(false);
      expect([...compileNetwork(plain, 50, cpu).run(x.data as Float32Array)]).toEqual([...(y as Float32Array)]);
      expect(rounded(plain)).toBe(plain);
      expect(() => compileNetwork(network, 50, cpu)).toThrow(/ is trained for integers: convert\(\) the model, or/);
      program.dispose();
      const file = encodeNetwork(network);
      expect(new TextDecoder().decode(file)).toContain('\\"version\\":4');
      expect(encodeNetwork(decodeNetwork(file).network)).toEqual(file);
    }
  });

  test('is converted with its kernels in halves as with the numbers that these stand for', () => {
    const whole = toNetwork(prepareQAT(smallModel(), { calibration: threeClasses()[0] }));
    const weight = whole.weights.get('dense/kernel')!;
    const halves: Encoding = { type: 'float16', values: Uint16Array.from(weight.encoding.values, toFloat16) };
    const held = withWeight(whole, 'dense/kernel', { ...weight, encoding: halves });
    const values = decodeWeight(held.weights.get('dense/kernel')!) as Float32Array;
    const real = withWeight(whole, 'dense/kernel', { ...weight, encoding: { type: 'float32', values } });
    expect(encodeNetwork(convert(held))).toEqual(encodeNetwork(convert(real)));
  });

  test('loses neurons with their steps', () => {
    const model = prepareQAT(smallModel(), { calibration: threeClasses()[0], bits: 4, learnedStep: true });
    const small = pruneNeurons(model, { amount: 0.5 }) as Model;
    const dense = small.layers.find((layer) => layer instanceof Dense)!;
    expect(dense.parameter('steps').shape).toEqual([dense.units]);
    expect(dense.units).toBeLessThan(7);
    expect(difference(small, convert(small), threeClasses()[0]).different).toBe(0);
  });

  test('carries no integers past Dropout in training, which is what it learns with', () => {
    const [x, y] = threeClasses();
    const model = prepareQAT(
      new Sequential([
        new Dense(6, { inputShape: [5], activation: 'relu' }),
        new Dropout(0.5),
        new Dense(3, { activation: 'softmax' }),
      ]),
    );
    model.compile({ loss: 'sparseCategoricalCrossentropy' });
    expect(model.fit(x, y, { epochs: 3 }).history.loss!.every(Number.isFinite)).toBe(true);
    expect(difference(model, convert(model), x).different).toBe(0);
  });
});

/** The bytes with a float32 number, the only one like it, in the place of another. */
function spliced(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const copy = bytes.slice();
  const wanted = new Uint8Array(Float32Array.of(from).buffer);
  const places = [...copy.keys()].filter((i) => wanted.every((byte, j) => copy[i + j] === byte));
  expect(places.length).toBe(1);
  copy.set(new Uint8Array(Float32Array.of(to).buffer), places[0]);
  return copy;
}

test.each(['constructor', 'toString', '__proto__'])('a layer may have any name: %s', (name) => {
  const model = new Sequential([new Dense(3, { inputShape: [5], name }), new Dense(2)], { seed: 1 });
  const kinds = toNetwork(prepareQAT(model, { bits: 4, layers: { dense: 8 } })).nodes.filter(hasKernel);
  expect(kinds.map((node) => [node.name, kernelBitsOf(node)])).toEqual([
    [name, 4],
    ['dense', 8],
  ]);
});

describe('what cannot be is refused', () => {
  const [x] = threeClasses();
  const model = smallModel();
  class Own extends Layer {
    readonly type = 'own';
    override build(shape: readonly number[]) {
      return shape;
    }
    override call(t: Tensor) {
      return t;
    }
    clone() {
      return new Own();
    }
  }

  test.each([
    [() => prepareQAT(smallModel(1, 'float64')), /prepareQAT: needs a float32 model, got float64/],
    [() => prepareQAT(prepareQAT(model)), /is prepared already/],
    [
      () => prepareQAT(new Sequential([new Dense(2, { inputShape: [2] }), new Own({ name: 'mine' })])),
      /layer mine of type own is code/,
    ],
    [() => prepareQAT({} as never), /the model must be/],
    [
      () => prepareQAT(new Sequential([new Activation('relu', { inputShape: [3] })])),
      /prepareQAT: no layer of the model has a product that integers could be: there is nothing to prepare/,
    ],
    [() => prepareQAT(model, { bits: 9 }), /bits must be an integer from 2 to 8, got 9/],
    [() => prepareQAT(model, { bits: 1 }), /bits must be an integer from 2 to 8, got 1/],
    [
      () => prepareQAT(model, { layers: { dense_9: 4 } }),
      /layers must be of nodes with a kernel: dense, dense_1, dense_2, got "dense_9"/,
    ],
    [() => prepareQAT(model, { layers: { dense: 2.5 } }), /layers\["dense"\] must be an integer from 2 to 8/],
    [
      () => prepareQAT(model, { layers: new Map([['dense', 4]]) as never }),
      /prepareQAT: layers must be an object of bits by names of nodes, got an object of Map\. Write Object\.fromEntries/,
    ],
    [() => prepareQAT(model, { layers: [4] as never }), /layers must be an object of bits/],
    [() => prepareQAT(model, { learnedStep: true }), /calibration must be given with learnedStep/],
    [() => prepareQAT(model, { momentum: 2 }), /momentum must be between 0 and 1/],
    [
      () => prepareQAT(model, { calibration: fromData(Float32Array.of(1, 2, NaN, 4, 5), [1, 5]) }),
      /the value "input" must be finite/,
    ],
    [() => quantize(prepareQAT(model), { calibration: x }), /quantize: node "input\/fakeQuantize" .* take convert\(\)/],
    [() => convert(model), /convert: the model is not prepared: take prepareQAT\(model\) first/],
    [() => convert(prepareQAT(model), { rule: 'other' as never }), /rule must be float32 or multiplier/],
    [() => new Dense(2, { kernelBits: 1 }), /kernelBits must be an integer from 2 to 8/],
    [() => new Dense(2, { learnedStep: true }), /learnedStep must be false without kernelBits/],
    [() => new FakeQuantize({ zeroPoint: 200 }), /zeroPoint must be an integer from -128 to 127/],
    [() => new QATSchedule({}), /QATSchedule: freezeObserversAt or freezeBatchNormAt must be given/],
    [() => new QATSchedule({ unit: 'steps' }), /there is nothing to freeze/],
    [() => new QATSchedule({ freezeObserversAt: -1 }), /freezeObserversAt must be/],
    [() => new QATSchedule({ unit: 'days' as never }), /unit must be epochs or steps/],
    [
      () => model.fit(...threeClasses(), { callbacks: [new QATSchedule({ freezeObserversAt: 1 })] }),
      /QATSchedule: the model is not prepared/,
    ],
  ])('%s', (call, message) => {
    expect(call).toThrow(message);
  });

  test('layers that share a kernel, in different bits', () => {
    const from = input([5]);
    const shared = new Dense(5, { name: 'shared' });
    const twice = new Model(from, new Dense(3).apply(shared.apply(shared.apply(from))));
    const [first, second] = toNetwork(twice).nodes.map(({ name }) => name) as [string, string];
    for (const layers of [{ [first]: 4 }, { [second]: 4 }, { [first]: 4, [second]: 5 }]) {
      const remedy = `layers: { "${first}": ${layers[first] ?? 8}, "${second}": ${layers[first] ?? 8} }`;
      expect(() => prepareQAT(twice, { layers })).toThrow(
        `prepareQAT: nodes "${first}" and "${second}" share shared/kernel: give both as many bits, as in ${remedy}`,
      );
    }
    const both = prepareQAT(twice, { calibration: x, layers: { [first]: 4, [second]: 4 } });
    expect(convert(both).weights.get('shared/kernel')!.encoding.type).toBe('levels');
    expect(difference(both, convert(both), x).different).toBe(0);
  });

  test('ranges that have seen nothing, neither of calibration nor of a fit', () => {
    const prepared = prepareQAT(model);
    const [, y] = threeClasses();
    const never =
      /ranges of "input\/fakeQuantize" and all others were never seen: give calibration to prepareQAT, or fit/;
    const calls = [
      () => convert(prepared),
      () => convert(toNetwork(prepared)),
      () => prepared.predict(x),
      () => prepared.evaluate(x, y),
    ];
    if (!prepared.isCompiled) prepared.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    for (const call of calls) expect(call).toThrow(never);
    prepared.fit(x, y, { epochs: 1 });
    for (const call of calls) expect(call).not.toThrow();
  });

  test('but not those of which single ones stay empty: a value that is always 0', () => {
    const dead = smallModel();
    dead.layer('dense').parameter('kernel').value.storage.array.fill(0);
    dead.layer('dense').parameter('bias').value.storage.array.fill(0);
    const prepared = prepareQAT(dead, { calibration: x });
    expect(difference(prepared, convert(prepared), x).different).toBe(0);
  });

  test('whole numbers in float64, when they are computed', () => {
    const whole = new Sequential([new Dense(2, { inputShape: [3], kernelBits: 8 })], { dtype: 'float64' });
    const fake = new Sequential([new FakeQuantize({ inputShape: [3], zeroPoint: 0 })], { dtype: 'float64' });
    for (const each of [whole, fake])
      expect(() => each.predict([[1, 2, 3]])).toThrow(/whole numbers stand for float32 alone, got float64/);
  });

  test('weights that are not finite', () => {
    const broken = prepareQAT(smallModel(), { calibration: x });
    broken.layer('dense').parameter('kernel').value.storage.array[3] = Infinity;
    expect(() => convert(broken)).toThrow(ValueError);
    expect(() => convert(toNetwork(smallModel()))).toThrow(StateError);
  });

  test.each<[role: string, learnedStep: boolean, value: number, message: RegExp]>([
    ['low', false, Number.NaN, /"input\/fakeQuantize" low must be from -1e\+30 to 0, got NaN/],
    ['low', false, 5, /low must be from -1e\+30 to 0, got 5/],
    ['high', false, -5, /high must be from 0 to 1e\+30, got -5/],
    ['high', false, Infinity, /high must be from 0 to 1e\+30, got Infinity/],
    ['high', false, 3e38, /high must be from 0 to 1e\+30, got 3.*e\+38/],
    ['scale', true, Number.NaN, /"input\/fakeQuantize" scale must be from -1e\+30 to 1e\+30, got NaN/],
    ['scale', true, 1e31, /scale must be from -1e\+30 to 1e\+30, got/],
    ['steps', true, Number.NaN, /"dense" steps must be from -1e\+30 to 1e\+30, got NaN/],
    ['steps', true, -Infinity, /"dense" steps must be from -1e\+30 to 1e\+30, got -Infinity/],
  ])('no format that is made of: %s, learned steps: %s, %d', (role, learnedStep, value, message) => {
    const model = prepareQAT(smallModel(), { calibration: x, learnedStep });
    const key = role === 'steps' ? 'dense/steps' : `input/fakeQuantize/${role}`;
    const whole = toNetwork(model);
    const file = encodeNetwork(whole);
    const weight = whole.weights.get(key)!;
    const values = (weight.encoding.values as Float32Array).slice();
    values[0] = value;
    const broken = withWeight(whole, key, { ...weight, encoding: { type: 'float32', values } });
    // The same in bytes: that number is there once
    const own = model.weights.find(({ name }) => name === key)!.value;
    own.storage.array[own.offset] = value;
    for (const call of [
      () => validateNetwork(broken),
      () => encodeNetwork(broken),
      () => saveModel(model),
      () => convert(broken),
      () => convert(model),
      () => compileNetwork(broken, 1, cpu),
      () => decodeNetwork(spliced(file, weight.encoding.values[0]!, value)),
    ])
      expect(call).toThrow(message);
  });

  test.each(['float16', 'int8', 'levels'])('trained scales in %s', (type) => {
    const whole = toNetwork(prepareQAT(smallModel(), { calibration: x, learnedStep: true }));
    const weight = whole.weights.get('dense/steps')!;
    const n = weight.shape[0]!;
    const encoding = {
      float16: { type: 'float16', values: new Uint16Array(n) },
      int8: { type: 'int8', values: new Int8Array(n), scales: new Float32Array(n).fill(1) },
      levels: {
        type: 'levels',
        values: new Uint8Array(n),
        bits: 8,
        group: 1,
        scales: new Float32Array(n).fill(1),
        zeroPoints: null,
      },
    }[type] as Encoding;
    const broken = withWeight(whole, 'dense/steps', { ...weight, encoding });
    for (const call of [() => validateNetwork(broken), () => convert(broken), () => compileNetwork(broken, 1, cpu)])
      expect(call).toThrow(`node "dense" encoding of steps must be float32, got "${type}"`);
  });
});
