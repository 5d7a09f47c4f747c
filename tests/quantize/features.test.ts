import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import {
  Activation,
  Add,
  Concat,
  Dense,
  decodeNetwork,
  encodeNetwork,
  Flatten,
  fromData,
  input,
  Model,
  measure,
  type Network,
  predictNetwork,
  quantize,
  Sequential,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { compileNetwork } from '../../src/infer/program.ts';
import { normal, quick, values } from '../compress/tools.ts';

const noise = values(normal([4000], 5));
/** Samples of `width` features, feature j of `of(j, i)` for sample i. */
const samples = (n: number, width: number, of: (j: number, i: number) => number): Tensor =>
  fromData(
    Float32Array.from({ length: n * width }, (_, at) => of(at % width, Math.floor(at / width))),
    [n, width],
  );

/** The mean distance of a network to a model over the mean distance of the model to its mean. */
function errorOf(model: Model, network: Network, x: Tensor | Tensor[]): number {
  const list = (y: Tensor | Tensor[]): number[] => [y].flat().flatMap(values);
  const real = list(model.predict<Tensor | Tensor[]>(x));
  const integers = list(predictNetwork<Tensor | Tensor[]>(network, x));
  const mean = real.reduce((p, q) => p + q, 0) / real.length;
  const total = (of: (value: number, i: number) => number): number =>
    real.reduce((sum, value, i) => sum + Math.abs(of(value, i)), 0);
  return total((value, i) => value - integers[i]!) / total((value) => value - mean);
}

const namesOf = (network: Network): string[] => network.nodes.map(({ name }) => name);

/** A salary beside a number from 0 to 4, each of the same weight in the result. */
function uneven(): [model: Sequential, x: Tensor] {
  const x = samples(1000, 2, (j, i) => (j === 1 ? i % 5 : 50_000 + 10_000 * noise[i]!));
  const model = new Sequential([new Dense(1, { inputShape: [2] })]);
  model.setWeights([tensor([[0.00001], [1]]), tensor([0])]);
  return [model, x];
}

describe('features of different sizes', () => {
  test('have a scale each, so that small ones do not round to nothing', () => {
    const [model, x] = uneven();
    const network = quantize(model, { calibration: x });
    expect(namesOf(network)).toEqual(['input/scaled', 'input/scaled/quantize', 'dense']);
    expect(new Set(values(predictNetwork(network, x))).size).toBeGreaterThan(100);
    expect(errorOf(model, network, x)).toBeLessThan(0.02);
    expect(network.notes).toHaveLength(1);
    expect(network.notes[0]).toMatch(
      /^the features of "input" differ in size, up to 2\d000 times: "input\/scaled" makes/,
    );
  });

  test('in a file and on every table give the same bits, and cost what is said', () => {
    const [model, x] = uneven();
    const network = quantize(model, { calibration: x });
    const run = (each: Network, kernels: typeof cpu): number[] => {
      const program = compileNetwork(each, 1000, kernels);
      const outputs = [...program.run(x.data as Float32Array)];
      program.dispose();
      return outputs;
    };
    const wanted = run(network, reference);
    for (const kernels of [cpu, wasm()]) expect(run(network, kernels)).toEqual(wanted);
    expect(run(decodeNetwork(encodeNetwork(network)).network, cpu)).toEqual(wanted);
    expect(measure(network, quick)).toMatchObject({ macs: 2 * 2 + 2 });
  });

  test('far from 0 are taken from there, with the difference in a bias', () => {
    // A year and a temperature in Kelvin, without a bias to begin with
    const x = samples(500, 3, (j, i) => [2000 + (i % 25), 290 + 5 * noise[i]!, noise[i + 500]!][j]!);
    const model = new Sequential([new Dense(6, { inputShape: [3], useBias: false, activation: 'tanh' }), new Dense(1)]);
    model.build([3]);
    const kernel = Float32Array.from({ length: 18 }, (_, at) => noise[at]! * [0.05, 0.1, 0.5][Math.floor(at / 6)]!);
    // so that the tanh of a hidden neuron moves
    for (let j = 0; j < 6; j++) kernel[6 + j] = -(2012 * kernel[j]!) / 290;
    model.setWeights([fromData(kernel, [6 / 2, 6]), model.getWeights()[1]!, tensor([0])]);
    const network = quantize(model, { calibration: x });
    expect(namesOf(network)).toContain('input/scaled');
    expect(errorOf(model, network, x)).toBeLessThan(0.1);
    expect(network.notes).toHaveLength(1);
  });

  test('of one size stay on one scale, to the bit', () => {
    const x = samples(200, 4, (j, i) => noise[4 * i + j]! * (j + 1) * 3);
    const model = new Sequential([new Dense(5, { inputShape: [4], activation: 'relu' }), new Dense(2)], { seed: 2 });
    const network = quantize(model, { calibration: x });
    expect(namesOf(network)).toEqual(['input/quantize', 'dense', 'dense_1']);
    // A feature that is always 0 says nothing
    const zero = samples(200, 4, (j, i) => (j === 2 ? 0 : noise[4 * i + j]!));
    expect(namesOf(quantize(model, { calibration: zero }))).toEqual(['input/quantize', 'dense', 'dense_1']);
  });

  test('are not told by one bad reading', () => {
    const model = new Sequential([new Dense(5, { inputShape: [4] })], { seed: 2 });
    for (const ranges of ['auto', 'minMax'] as const)
      for (const by of [5000, -5000]) {
        const x = samples(1000, 4, (j, i) => (i === 3 && j === 2 ? by : noise[4 * i + j]!));
        expect(namesOf(quantize(model, { calibration: x, ranges }))).toEqual(['input/quantize', 'dense']);
      }
  });

  test('include constants and those that were always 0', () => {
    const x = samples(400, 4, (j, i) => [10_000 * noise[i]!, noise[i + 400]!, 1e6, 0][j]!);
    const model = new Sequential([new Dense(3, { inputShape: [4] })], { seed: 6 });
    const kernel = Float32Array.from({ length: 12 }, (_, at) => noise[at]! * [1e-4, 1, 1e-6, 1][Math.floor(at / 3)]!);
    model.setWeights([fromData(kernel, [4, 3]), tensor([1, 2, 3])]);
    const network = quantize(model, { calibration: x });
    expect(namesOf(network)).toContain('input/scaled');
    expect(errorOf(model, network, x)).toBeLessThan(0.03);
  });
});

describe('networks with features of different sizes', () => {
  const x = samples(300, 4, (j, i) => noise[4 * i + j]! * [1000, 0.5, 1, 200][j]!);
  const rows = [0.001, 2, 1, 0.005];
  const even = (model: Model, layer: string): void => {
    const { kernel } = model.layer(layer) as Dense;
    const units = kernel.shape[1]!;
    kernel.storage.array.forEach((_, at, all) => {
      all[at] = noise[at]! * rows[Math.floor(at / units) % 4]!;
    });
  };

  test('scale them once for all products that read them, and leave them to others as they are', () => {
    const given = input([4]);
    const a = new Dense(4, { name: 'a', activation: 'relu' });
    const b = new Dense(3, { name: 'b', useBias: false });
    const other = new Activation('tanh', { name: 'other' }).apply(given);
    const end = new Dense(2, { name: 'end' }).apply(a.apply(given));
    const model = new Model(given, [end, b.apply(given), other], { seed: 1 });
    for (const layer of ['a', 'b']) even(model, layer);
    const network = quantize(model, { calibration: x });
    expect(namesOf(network).filter((name) => name.includes('/'))).toEqual(['input/scaled', 'input/scaled/quantize']);
    expect(errorOf(model, network, x)).toBeLessThan(0.03);
    const [real, integers] = [model.predict<Tensor[]>(x), predictNetwork<Tensor[]>(network, x)];
    expect(values(integers[2]!)).toEqual(values(real[2]!));
  });

  test('see them through flattening and side by side with others', () => {
    const flat = new Sequential([new Flatten({ inputShape: [2, 2] }), new Dense(3, { name: 'd' })], { seed: 1 });
    even(flat, 'd');
    const square = fromData(x.data as Float32Array, [300, 2, 2]);
    const network = quantize(flat, { calibration: square });
    expect(namesOf(network)).toContain('flatten/scaled');
    expect(errorOf(flat, network, square)).toBeLessThan(0.03);

    const [p, q] = [input([1]), input([3])];
    const model = new Model([p, q], new Dense(3, { name: 'd' }).apply(new Concat().apply([p, q])), { seed: 1 });
    even(model, 'd');
    const parts = [samples(300, 1, (_, i) => x.data[4 * i]!), samples(300, 3, (j, i) => x.data[4 * i + j + 1]!)];
    const joined = quantize(model, { calibration: parts });
    expect(namesOf(joined)).toEqual(['concat', 'concat/scaled', 'concat/scaled/quantize', 'd']);
    expect(errorOf(model, joined, parts)).toBeLessThan(0.03);
  });

  test('scale each step of a sequence alike, and sums of inputs', () => {
    const model = new Sequential([new Dense(3, { name: 'd', inputShape: [3, 4] }), new Flatten(), new Dense(2)], {
      seed: 1,
    });
    even(model, 'd');
    const sequence = fromData(x.data as Float32Array, [100, 3, 4]);
    const network = quantize(model, { calibration: sequence });
    expect(namesOf(network)).toContain('input/scaled');
    expect(errorOf(model, network, sequence)).toBeLessThan(0.04);

    const [p, q] = [input([4]), input([4])];
    const sum = new Model([p, q], new Dense(3, { name: 'd' }).apply(new Add().apply([p, q])), { seed: 1 });
    even(sum, 'd');
    const added = quantize(sum, { calibration: [x, x] });
    expect(namesOf(added)).toEqual(['add', 'add/scaled', 'add/scaled/quantize', 'd']);
    expect(errorOf(sum, added, [x, x])).toBeLessThan(0.03);
  });

  test('share a kernel between inputs: nothing is scaled, and a note says so', () => {
    const [p, q] = [input([4]), input([4])];
    const twin = new Dense(3, { name: 'twin' });
    const model = new Model([p, q], new Add().apply([twin.apply(p), twin.apply(q)]), { seed: 1 });
    even(model, 'twin');
    const other = samples(300, 4, (j, i) => noise[4 * i + j]!);
    const network = quantize(model, { calibration: [x, other] });
    expect(namesOf(network).some((name) => name.includes('scaled'))).toBe(false);
    expect(network.notes[0]).toMatch(
      /^some of the 4 features of "input" take at most 8 of the 255 steps of its range: scale/,
    );
  });

  test('apply a kernel twice to one input: it is scaled once', () => {
    const given = input([4]);
    const twin = new Dense(3, { name: 'twin' });
    const model = new Model(given, new Add().apply([twin.apply(given), twin.apply(given)]), { seed: 1 });
    even(model, 'twin');
    const network = quantize(model, { calibration: x });
    expect(namesOf(network)).toContain('input/scaled');
    expect(errorOf(model, network, x)).toBeLessThan(0.03);
  });

  test('of more than 256 features say so', () => {
    const wide = samples(120, 300, (j, i) => noise[(i * 300 + j) % 4000]! * (j === 0 ? 1000 : 1));
    const model = new Sequential([new Dense(2, { inputShape: [300] })], { seed: 1 });
    const network = quantize(model, { calibration: wide });
    expect(namesOf(network)).toEqual(['input/quantize', 'dense']);
    expect(network.notes[0]).toContain('some of the 300 features of "input" take at most 8');
  });
});
