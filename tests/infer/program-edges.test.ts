import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { DTypeError, LimitError, ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { fromNetwork, type Tensor, tensor } from '../../src/index.ts';
import { compileNetwork, networkCost, type Program } from '../../src/infer/index.ts';
import { chain, dense, floats, mixedNetwork, quantized, randoms } from './networks.ts';

const next = randoms(21);
const layer = dense('d', 3, 2, next);
const int8 = quantized('q', 3, 2, next);

describe('a program', () => {
  const network = chain([3], [layer]);
  const make = (batchSize: number): Program => compileNetwork(network, batchSize, reference);

  test('refuses inputs that are no samples of its own, and names them', () => {
    const program = make(4);
    const refused =
      (input: unknown, samples?: number): (() => unknown) =>
      () =>
        program.run(input as Float32Array, samples);
    for (const input of [new Float64Array(3), [1, 2, 3], new Int8Array(3), undefined])
      expect(refused(input)).toThrow(/^run: input "input" must be a Float32Array, got /);
    expect(refused(new Float32Array(4))).toThrow('run: 4 numbers are no whole number of samples, got [3]');
    expect(refused(new Float32Array(15))).toThrow(
      'run: samples must be an integer from 0 to the compiled batch size 4, got 5',
    );
    for (const samples of [-1, 0.5, 5, Number.NaN])
      expect(refused(new Float32Array(30), samples)).toThrow(
        `run: samples must be an integer from 0 to the compiled batch size 4, got ${samples}`,
      );
    expect(refused(new Float32Array(8), 3)).toThrow('run: 8 numbers are less than 3 samples, got [3]');
    for (const [body, type] of [
      [refused(new Float32Array(4)), ShapeError],
      [refused(new Float32Array(4), 0.5), ValueError],
      [refused(new Float32Array(4), 2), ShapeError],
    ] as const)
      expect(body).toThrow(type);
    // and takes the first samples of more, also where the rest is no whole one
    expect(refused(new Float32Array(7), 2)()).toHaveLength(4);
    expect(refused(new Float32Array(6), 2)()).toHaveLength(4);
    expect(refused(new Float32Array(30), 0)()).toHaveLength(0);
  });

  test('of samples without numbers runs as many as it may, or as many as it is told', () => {
    const none = dense('z', 0, 2, next);
    const program = compileNetwork(chain([0], [none]), 3, reference);
    const bias = [...none.bias!];
    expect([...program.run(new Float32Array(0))]).toEqual([...bias, ...bias, ...bias]);
    expect([...program.run(new Float32Array(0), 1)]).toEqual(bias);
    expect(() => program.run(new Float32Array(0), 4)).toThrow('the compiled batch size 3, got 4');
  });

  test('runs on a table of the kernels that its nodes call, and a missing one is named when it is made', () => {
    const { gemm, packPanels, relu, stridedCopy } = reference;
    const input = floats(6, next);
    const expected = make(2).run(input).slice();
    expect([...compileNetwork(network, 2, { gemm }).run(input)]).toEqual([...expected]);
    expect(() => compileNetwork(network, 2, { relu, stridedCopy })).toThrow(
      'compileNetwork: node "d" (dense) needs the kernel gemm, which the table does not have: take a larger one, as cpu is',
    );
    const wide = chain([3], [dense('w', 3, 5, next)]);
    expect(() => compileNetwork(wide, 2, { gemm, relu })).toThrow('node "w" (dense) needs the kernel packPanels');
    expect(() => compileNetwork(wide, 2, { packPanels, relu })).toThrow('needs the kernel gemmPanels');
    expect(() => compileNetwork(network, 2, { relu })).toThrow(StateError);
  });

  test('reads a dense kernel of up to four units as it is, and packs a larger one', () => {
    const { gemm, packPanels, gemmPanels } = reference;
    for (const units of [1, 4, 5, 17]) {
      const one = chain([7], [dense('d', 7, units, next)]);
      const program = compileNetwork(one, 3, units <= 4 ? { gemm } : { packPanels, gemmPanels });
      const input = floats(21, next);
      const expected = fromNetwork(one).predict(tensor(input, { shape: [3, 7] })) as Tensor;
      for (const table of [program, compileNetwork(one, 3, cpu), compileNetwork(one, 3, wasm())])
        expect([...table.run(input)]).toEqual([...expected.data]);
    }
  });

  test('of more numbers than a machine can hold is refused by size', () => {
    expect(() => make(2 ** 52)).toThrow(LimitError);
    expect(() => make(2 ** 52)).toThrow(/^compileNetwork: /);
  });

  test('does not run once disposed of, whatever it was asked before', () => {
    const program = make(2);
    const input = floats(6, next);
    program.run(input);
    program.dispose();
    for (const run of [() => program.run(input), () => program.run(input, 0), () => program.run(new Float32Array(1))]) {
      expect(run).toThrow(StateError);
      expect(run).toThrow('run: the program was disposed of');
    }
    expect([program.batchSize, program.inputShape, program.outputShape]).toEqual([2, [3], [2]]);
  });

  test('remembers the last four numbers of samples, and forgets the oldest first', () => {
    const program = make(6);
    const input = floats(18, next);
    const results = [1, 2, 3, 4].map((samples) => program.run(input, samples));
    [1, 2, 3, 4].forEach((samples, i) => {
      expect(program.run(input, samples)).toBe(results[i]);
    });
    const fifth = program.run(input, 5);
    for (const samples of [2, 3, 4]) expect(program.run(input, samples)).toBe(results[samples - 1]);
    expect(program.run(input, 5)).toBe(fifth);
    const again = program.run(input, 1);
    expect(again).not.toBe(results[0]);
    expect([...again]).toEqual([...fifth.subarray(0, 2)]);
  });

  test('computes with float32 alone', () => {
    const double = { ...layer, weights: new Float64Array(6), bias: new Float64Array(2) };
    for (const bias of [double.bias, null]) {
      const body = (): unknown => compileNetwork(chain([3], [{ ...double, bias }]), 1, reference);
      expect(body).toThrow(DTypeError);
      expect(body).toThrow('compileNetwork: a program computes in float32, got float64. Run the model itself?');
    }
    for (const batchSize of [0, -1, 1.5, Number.NaN, Infinity])
      expect(() => make(batchSize)).toThrow(`compileNetwork: batchSize must be a positive integer, got ${batchSize}`);
  });

  test.each([
    ['leakyRelu', 0, [-0, 0, 2]],
    ['elu', 0, [-0, 0, 2]],
    ['leakyRelu', -1, [3, 0, 2]],
    ['leakyRelu', undefined, [-3 * Math.fround(0.2), 0, 2].map(Math.fround)],
  ] as const)('applies %s with alpha %s, as a layer and within one', (name, alpha, wanted) => {
    const activation = alpha === undefined ? { name } : { name, alpha };
    const identity = { ...dense('d', 3, 3, next, activation), bias: null };
    identity.weights = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    for (const one of [identity, { type: 'activation', name: 'a', activation } as const]) {
      const found = compileNetwork(chain([3], [one]), 1, reference).run(Float32Array.of(-3, 0, 2));
      expect(Array.from(found, (v) => v + 0)).toEqual(wanted.map((v) => v + 0));
    }
  });

  test('has room for the widest of its layers, wherever that is', () => {
    for (const widths of [
      [3, 40, 2],
      [40, 3, 2],
      [2, 3, 40],
      [1, 40, 1, 40, 1],
    ]) {
      const layers = widths.slice(1).map((units, i) => dense(`d${i}`, widths[i]!, units, next));
      const input = floats(2 * widths[0]!, next);
      const together = compileNetwork(chain([widths[0]!], layers), 2, reference).run(input);
      let step = input;
      layers.forEach((one, i) => {
        step = compileNetwork(chain([widths[i]!], [one]), 2, reference).run(step);
      });
      expect([...together]).toEqual([...step]);
    }
  });
});

describe('the cost of a network', () => {
  test('counts what is not zero, NaN included, and biases only where there are some', () => {
    const odd = {
      ...layer,
      weights: Float32Array.of(0, -0, Number.NaN, 1, -1, 1e-45),
      bias: Float32Array.of(0, 2),
    };
    expect(networkCost(chain([3], [odd]))).toMatchObject({
      parameters: 8,
      nonZeroParameters: 5,
      macs: 6,
    });
    const bare = { ...odd, bias: null };
    expect(networkCost(chain([3], [bare]))).toMatchObject({ parameters: 6, nonZeroParameters: 4 });
    const whole = { ...int8, weights: Int8Array.of(0, 1, -1, 0, -128, 127), bias: Int32Array.of(0, -5) };
    expect(networkCost(chain([4, 3], [whole, { type: 'dropout', name: 'o', rate: 0.5 }]))).toEqual({
      parameters: 8,
      nonZeroParameters: 5,
      macs: 24,
      nodes: [
        { name: 'q/quantize', op: 'quantize', outputShape: [4, 3], parameters: 0, nonZeroParameters: 0, macs: 0 },
        { name: 'q', op: 'dense', outputShape: [4, 2], parameters: 8, nonZeroParameters: 5, macs: 24 },
        { name: 'o', op: 'dropout', outputShape: [4, 2], parameters: 0, nonZeroParameters: 0, macs: 0 },
      ],
    });
    expect(networkCost(chain([3], []))).toEqual({
      parameters: 0,
      nonZeroParameters: 0,
      macs: 0,
      nodes: [],
    });
  });

  test('follows the shapes, and counts by node', () => {
    const cost = networkCost(mixedNetwork());
    const alive = 120 - [...mixedNetwork().weights.get('first/kernel')!.mask!].filter((bit) => bit === 0).length;
    const named = (name: string): unknown => cost.nodes.find((node) => node.name === name);
    const first = { parameters: 140, nonZeroParameters: alive + 20, macs: 120 };
    expect(named('first')).toEqual({ name: 'first', op: 'dense', outputShape: [20], ...first });
    expect([cost.parameters, cost.macs]).toEqual([140 + 20 * 9 + 9 + 9 * 4 + 4, 120 + 180 + 36]);
    expect(networkCost(chain([5, 3], [layer]))).toMatchObject({ parameters: 8, macs: 30 });
  });
});
