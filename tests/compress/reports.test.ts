import { describe, expect, test } from 'vitest';
import {
  Activation,
  compare,
  Dense,
  Dropout,
  Flatten,
  fromData,
  measure,
  type Outputs,
  oneHot,
  PruningSchedule,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Sequential,
  sigmoid,
  step,
  toNetwork,
} from '../../src/index.ts';
import { chain } from '../infer/networks.ts';
import { denseOf, kernelsOf, normal, quantizedLayers, quick, smallModel, threeClasses, values } from './tools.ts';

const [x, y] = threeClasses();
type Ending = 'softmax' | 'logSoftmax' | 'sigmoid' | 'linear';

/** A model of five inputs. */
function net(outputs: number, activation: Ending, seed = 1): Sequential {
  return new Sequential([new Dense(6, { activation: 'tanh', inputShape: [5] }), new Dense(outputs, { activation })], {
    seed,
  });
}

describe('a comparison', () => {
  test('says what pruning changed, and what it did not', () => {
    const model = new Sequential([new Dense(60, { inputShape: [40], biasInitializer: 'ones' })]);
    const { before, after, notes } = compare(model, prune(model, { sparsity: 0.75 }), quick);
    expect([before.nonZeroParameters, after.nonZeroParameters]).toEqual([2460, 660]);
    expect(after.bytes).toBeLessThan(before.bytes);
    expect(notes).toEqual([
      '2460 parameters and 2400 multiply-adds, as many as before',
      '660 parameters are not zero',
      `${after.bytes} bytes instead of ${before.bytes}`,
    ]);
  });

  test('says so where the file is not smaller', () => {
    for (const sparsity of [0, 0.1]) {
      const model = smallModel();
      const { before, after, notes } = compare(model, prune(model, { sparsity }), quick);
      expect(after.bytes).toBeGreaterThanOrEqual(before.bytes);
      expect(notes.at(-1)).toBe(`the file is not smaller: ${after.bytes} bytes`);
    }
  });

  test('says what became smaller, and what a quantized network is', () => {
    const model = smallModel();
    const narrow = compare(model, pruneNeurons(model, { layer: 0, amount: 3 }), quick);
    expect([narrow.before.parameters, narrow.after.parameters]).toEqual([111, 75]);
    expect(narrow.notes[0]).toBe('75 parameters instead of 111, 62 multiply-adds instead of 95');
    const int8 = compare(model, quantize(model, { calibration: x }), quick);
    expect(int8.notes[0]).toBe('111 parameters and 95 multiply-adds, as many as before');
  });

  test('measures both in turns unless told not to, and never float64', () => {
    const model = smallModel();
    const network = quantize(model, { calibration: x });
    const { before, after, notes } = compare(model, network, { samples: [x, y] });
    for (const one of [before, after])
      expect(one).toMatchObject({ scoreName: 'accuracy', latency: { batch1: expect.any(Number) } });
    const ratio = before.latency!.batch64 / after.latency!.batch64;
    const speed = `${ratio.toFixed(2)} times as fast on 64 samples`;
    expect(notes.at(-1)).toBe(ratio < 1.05 ? `not faster: ${speed}` : speed);
    expect(compare(model, network, quick).after).not.toHaveProperty('latency');
    const double = smallModel(1, 'float64');
    expect(compare(double, double).before).not.toHaveProperty('latency');
  });

  test('counts the samples on which both choose one class', () => {
    const [p, q] = [net(3, 'softmax', 1), net(3, 'softmax', 2)];
    const largest = (m: Sequential): number[] =>
      Array.from({ length: 60 }, (_, i) => {
        const row = values(m.predict(x)).slice(3 * i, 3 * i + 3);
        return row.indexOf(Math.max(...row));
      });
    const both = largest(p).filter((label, i) => label === largest(q)[i]).length / 60;
    expect(compare(p, q, { samples: [x, y], ...quick }).agreement).toBe(both);
    expect(compare(p, toNetwork(p), { samples: [x, y], ...quick }).agreement).toBe(1);
    expect(compare(p, q, quick)).not.toHaveProperty('agreement');
    expect(
      compare(net(1, 'linear'), net(1, 'linear', 2), { samples: [x, normal([60, 1])], ...quick }),
    ).not.toHaveProperty('agreement');
  });
});

describe('a pruning schedule', () => {
  /** Steps after which a mask of a model was another. */
  function steps(schedule: PruningSchedule, count: number): number[] {
    const model = smallModel();
    const seen: number[] = [];
    let last = kernelsOf(model).map(({ mask }) => mask);
    const look = (at: number): void => {
      const masks = kernelsOf(model).map(({ mask }) => mask);
      if (masks.some((mask, i) => mask !== last[i])) seen.push(at);
      last = masks;
    };
    schedule.onTrainBegin(model);
    look(0);
    for (let at = 1; at <= count; at++) {
      schedule.onBatchEnd(0, {}, model);
      look(at);
    }
    return seen;
  }

  test('prunes every hundred steps from the first on and at the end, and not after it', () => {
    expect(steps(new PruningSchedule({ finalSparsity: 0.5, end: 250 }), 400)).toEqual([0, 100, 200, 250]);
    expect(steps(new PruningSchedule({ finalSparsity: 0.5, begin: 50, end: 260 }), 400)).toEqual([50, 150, 250, 260]);
    expect(steps(new PruningSchedule({ finalSparsity: 0.5, begin: 2, end: 3, frequency: 1 }), 9)).toEqual([2, 3]);
    // A mask that would say the same is not written again
    expect(steps(new PruningSchedule({ finalSparsity: 0, end: 1 }), 2)).toEqual([0]);
  });

  test('begins at 0 of the weights and steps unless told otherwise', () => {
    const plain = new PruningSchedule({ finalSparsity: 0.8, end: 10 });
    const told = new PruningSchedule({
      initialSparsity: 0,
      finalSparsity: 0.8,
      begin: 0,
      end: 10,
      frequency: 100,
      scope: 'global',
    });
    for (const at of [0, 1, 5, 9, 10, 11]) expect(plain.sparsityAt(at)).toBe(told.sparsityAt(at));
    expect([plain.sparsityAt(0), plain.sparsityAt(-3), plain.sparsityAt(10)]).toEqual([0, 0, 0.8]);
  });

  test('refuses options by its own name and theirs', () => {
    const make = (change: object) => () => new PruningSchedule({ finalSparsity: 0.5, end: 10, ...change });
    expect(make({ scope: 'model' })).toThrow('PruningSchedule: scope must be global or layer or unit, got "model"');
    expect(make({ finalSparsity: -0.5 })).toThrow('PruningSchedule: finalSparsity must be in [0, 1), got -0.5');
    expect(make({ initialSparsity: 1 })).toThrow('PruningSchedule: initialSparsity must be in [0, 1), got 1');
    expect(make({ begin: 0.5 })).toThrow('PruningSchedule: begin must be an integer of at least 0, got 0.5');
    expect(make({ end: 0 })).toThrow('PruningSchedule: end must be an integer of at least 1, got 0');
    expect(make({ frequency: 1.5 })).toThrow('PruningSchedule: frequency must be an integer of at least 1, got 1.5');
    expect(() => prune(smallModel(), { sparsity: 0.5, scope: 'model' as 'layer' })).toThrow(
      'prune: scope must be global or layer or unit, got "model"',
    );
  });
});

describe('the removal of neurons', () => {
  test('at random differs from layer to layer, by its name', () => {
    const make = (names: readonly [string, string]): Sequential => {
      const options = { kernelInitializer: 'ones', biasInitializer: 'zeros' } as const;
      const layers = names.map(
        (name, i) => new Dense(16, { ...options, name, ...(i === 0 ? { inputShape: [16] } : {}) }),
      );
      const model = new Sequential([...layers, new Dense(1, options)], { seed: 3 });
      for (const layer of layers) layer.bias!.storage.array.set(Float32Array.from({ length: 16 }, (_, i) => i));
      return model;
    };
    const kept = (layer: number, names: readonly [string, string] = ['a', 'b']): number[] => {
      const model = pruneNeurons(make(names), { layer, amount: 8, criterion: 'random' });
      return values(denseOf(model, layer).bias!);
    };
    expect(kept(0)).toEqual([...kept(0)].sort((p, q) => p - q));
    expect(kept(1)).not.toEqual(kept(0));
    expect(kept(1, ['b', 'a'])).toEqual(kept(0));
  });

  test('keeps the biases that training gave both layers', () => {
    const model = smallModel();
    const [first, next] = [denseOf(model, 0), denseOf(model, 3)];
    first.bias!.storage.array.set([1, 2, 3, 4, 5, 6, 7]);
    next.bias!.storage.array.set([8, 9, 10, 11, 12, 13]);
    const pruned = pruneNeurons(model, { layer: 0, amount: 2 });
    expect(values(denseOf(pruned, 3).bias!)).toEqual([8, 9, 10, 11, 12, 13]);
    expect(values(denseOf(pruned, 0).bias!).every((b) => Number.isInteger(b) && b >= 1 && b <= 7)).toBe(true);
  });

  test('of equals keeps the first, wherever the cut falls', () => {
    const options = { kernelInitializer: 'ones' } as const;
    const model = new Sequential([new Dense(6, { ...options, inputShape: [4] }), new Dense(1, options)]);
    const { kernel, bias } = denseOf(model, 0);
    bias!.storage.array.set([0, 1, 2, 3, 4, 5]);
    const kept = (amount: number): number[] => values(denseOf(pruneNeurons(model, { layer: 0, amount }), 0).bias!);
    expect([1, 3, 5].map(kept)).toEqual([[0, 1, 2, 3, 4], [0, 1, 2], [0]]);
    kernel.storage.array[4] = -2; // neuron 4 is larger
    expect([1, 3, 5].map(kept)).toEqual([[0, 1, 2, 3, 4], [0, 1, 4], [4]]);
  });

  test('leaves masks that outlive a step of the caller', () => {
    const sparse = prune(smallModel(), { sparsity: 0.5 });
    const wanted = pruneNeurons(sparse, { layer: 0, amount: 2 });
    const made = step(() => pruneNeurons(sparse, { layer: 0, amount: 2 }));
    step(() => normal([50, 50]));
    expect(kernelsOf(made).map(({ mask }) => values(mask!))).toEqual(
      kernelsOf(wanted).map(({ mask }) => values(mask!)),
    );
  });

  test('is refused before logSoftmax as before softmax', () => {
    const on = (layers: (Dense | Activation)[]) => () => pruneNeurons(new Sequential(layers), { layer: 0, amount: 1 });
    expect(on([new Dense(6, { activation: 'logSoftmax', inputShape: [4] }), new Dense(2)])).toThrow(
      'the logSoftmax of dense ties them together',
    );
    expect(on([new Dense(6, { inputShape: [4] }), new Activation('logSoftmax'), new Dense(2)])).toThrow(
      'the logSoftmax of activation ties them together',
    );
  });
});

describe('a quantized network', () => {
  test('comes with int8 only where the next layer that computes is Dense', () => {
    const outputs = (...between: (Activation | Dropout | Flatten)[]): boolean[] =>
      quantizedLayers(
        quantize(new Sequential([new Dense(6, { activation: 'relu', inputShape: [5] }), ...between, new Dense(2)]), {
          calibration: x,
        }),
      ).map(({ output }) => output !== null);
    expect(outputs()).toEqual([true, false]);
    const linear = new Sequential([new Dense(6, { inputShape: [5] }), new Dense(2)]);
    const layers = quantizedLayers(quantize(linear, { calibration: x }));
    expect(layers.map(({ output }) => output !== null)).toEqual([true, false]);
    expect(outputs(new Dropout(0.5), new Flatten())).toEqual([true, false]);
    expect(outputs(new Activation('tanh'))).toEqual([false, false]);
    expect(outputs(new Flatten(), new Activation('relu'))).toEqual([false, false]);
  });

  test('takes columns below 2⁻¹⁰⁰ of a scale for zeros, and none above', () => {
    const model = new Sequential([new Dense(3, { useBias: false, inputShape: [5] })]);
    model.build([5]);
    const tiny = [127 * 2 ** -99, 127 * 2 ** -101, 0];
    denseOf(model, 0).kernel.storage.array.set(Array.from({ length: 15 }, (_, at) => tiny[at % 3]!));
    const [layer] = quantizedLayers(quantize(model, { calibration: x }));
    expect([...layer!.weightScales]).toEqual([2 ** -99, 1, 1]);
    expect([...layer!.weights.subarray(0, 6)]).toEqual([127, 0, 0, 127, 0, 0]);
  });

  test('looks at the inputs of layers as they are outside training', () => {
    const make = (training: boolean): Sequential =>
      new Sequential([
        new Dense(6, { inputShape: [5] }),
        ...(training ? [new Dropout(0.5)] : []),
        new Dense(2, { name: 'end' }),
      ]);
    const [dropped, plain] = [true, false].map((d) => quantize(make(d), { calibration: x }));
    expect(dropped).toEqual(plain);
  });
});

describe('a score', () => {
  const hot = oneHot(y, 3);

  test.each([
    ['softmax', y, 'accuracy'],
    ['logSoftmax', y, 'accuracy'],
    ['linear', y, 'accuracy'],
    ['logSoftmax', normal([60, 3], 4), 'accuracy'], // what it ends in says that they are classes
    ['softmax', normal([60, 3], 4), 'accuracy'],
    ['sigmoid', sigmoid(normal([60, 3], 4)), 'accuracy'],
    ['linear', hot, 'accuracy'],
    ['linear', normal([60, 3], 4), 'r2'],
  ] as const)('of a network that ends in %s on such targets is its kind: %#', (ending, targets, kind) => {
    const model = net(3, ending);
    for (const subject of [model, toNetwork(model)]) {
      const found = measure(subject, { samples: [x, targets], ...quick });
      expect(found.scoreName).toBe(kind);
    }
  });

  test('of one linear output is R², and asks where the targets may be labels of two classes', () => {
    const flat = fromData(new Float32Array(60).fill(3), [60, 1]);
    expect(measure(net(1, 'linear'), { samples: [x, flat], ...quick })).toMatchObject({ score: 0, scoreName: 'r2' });
    for (const ones of [Float32Array, Int32Array, Uint8Array].map((type) => fromData(new type(60).fill(1), [60, 1]))) {
      const measured = (outputs?: Outputs): unknown =>
        measure(net(1, 'linear'), { samples: [x, ones], ...quick, ...(outputs && { outputs }) }).scoreName;
      expect(() => measured()).toThrow('measure: outputs with labels of two classes must be given');
      expect(measured({ coding: 'numbers', scale: 'reals' })).toBe('r2');
      expect(measured({ coding: 'classes', scale: 'logits' })).toBe('accuracy');
    }
  });

  test('takes rows with a 1 beside other numbers for numbers', () => {
    const soft = fromData(
      Float32Array.from({ length: 180 }, (_, at) => [1, 0.5, 0][at % 3]!),
      [60, 3],
    );
    expect(measure(net(3, 'linear'), { samples: [x, soft], ...quick }).scoreName).toBe('r2');
  });

  test('of samples without axes is one of each, and a scalar is no samples', () => {
    const network = chain([], []);
    expect(values(predictNetwork(network, fromData(Float32Array.of(1, 2, 3))))).toEqual([1, 2, 3]);
    expect(() => predictNetwork(network, fromData(Float32Array.of(1), []))).toThrow(
      'predictNetwork: the samples do not fit the network, got [] and []',
    );
  });

  test('is taken of the samples given, and their type is named', () => {
    const network = toNetwork(net(3, 'softmax'));
    const double = fromData(new Float64Array(10), [2, 5]);
    expect(() => predictNetwork(network, double)).toThrow('predictNetwork: needs float32, got float64');
    expect(() => predictNetwork(network, fromData(new Int32Array(10), [2, 5]))).toThrow(
      'predictNetwork: needs float32, got int32',
    );
  });
});
