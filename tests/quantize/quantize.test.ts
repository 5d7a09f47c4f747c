import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  Activation,
  type Comparison,
  chooseQParams,
  compare,
  cpu,
  Dense,
  Dropout,
  decodeNetwork,
  digest,
  elu,
  encodeNetwork,
  Flatten,
  fromData,
  leakyRelu,
  measure,
  type Network,
  type Node,
  predictNetwork,
  prune,
  type QuantizationParams,
  quantize,
  randomNormal,
  randomUniform,
  reference,
  relu,
  Sequential,
  setBackend,
  sigmoid,
  softmax,
  type Tensor,
  tanh,
} from '../../src/index.ts';
import type { ActivationSpec } from '../../src/infer/index.ts';
import {
  denseOf,
  digits,
  normal,
  quantizedLayers,
  quantizedOf,
  quick,
  smallModel,
  threeClasses,
  values,
} from '../compress/tools.ts';

const fr = Math.fround;

/** Half to even, from Math.round, which rounds halves up. */
function toEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
const toInt8 = (x: number, { scale, zeroPoint }: QuantizationParams): number =>
  clamp(toEven(fr(x / fr(scale))) + zeroPoint, -128, 127);
const toReal = (q: number, { scale, zeroPoint }: QuantizationParams): number => fr((q - zeroPoint) * fr(scale));

const ACTIVATIONS: Record<string, (x: Tensor, alpha?: number) => Tensor> = {
  linear: (x) => x,
  relu,
  leakyRelu: (x, alpha) => leakyRelu(x, alpha),
  elu: (x, alpha) => elu(x, alpha),
  tanh,
  sigmoid,
  softmax,
};

/** The network's output for one sample after another, in loops over integers that know no zero point folding. */
function simulate(network: Network, x: Tensor): number[] {
  const width = x.size / x.shape[0]!;
  return Array.from({ length: x.shape[0]! }, (_, n) => {
    let reals: number[] = values(x).slice(n * width, (n + 1) * width);
    let ints: { q: number[]; params: QuantizationParams } | null = null;
    const activate = ({ name, alpha }: ActivationSpec): void => {
      reals = values(ACTIVATIONS[name]!(fromData(Float32Array.from(reals)), alpha));
    };
    for (const node of network.nodes) {
      if (node.op === 'dense') {
        const { input, output, weights, weightScales, bias, units, inputs, activation } = quantizedOf(network, node);
        const q: number[] = ints?.q ?? reals.map((value) => toInt8(value, input));
        const sums = Array.from({ length: units }, (_, j) => {
          let sum = bias[j]!;
          for (let i = 0; i < inputs; i++) sum += (q[i]! - input.zeroPoint) * weights[i * units + j]!;
          expect(Math.abs(sum)).toBeLessThan(2 ** 31);
          return sum;
        });
        const scaled = sums.map((sum, j) =>
          fr(fr(sum) * fr((input.scale * weightScales[j]!) / (output === null ? 1 : output.scale))),
        );
        if (output === null) {
          ints = null;
          reals = scaled;
          activate(activation);
        } else {
          const low = activation.name === 'relu' ? output.zeroPoint : -128;
          ints = { q: scaled.map((v) => clamp(toEven(v) + output.zeroPoint, low, 127)), params: output };
        }
      } else if (node.op === 'activation') activate(node.attrs.activation);
    }
    return ints === null ? reals : ints.q.map((value) => toReal(value, ints!.params));
  }).flat();
}

const bias = { biasInitializer: randomNormal(0, 0.3) };
const first = { ...bias, inputShape: [5] };
const architectures: [string, () => Sequential][] = [
  [
    'relu in the layers',
    () =>
      new Sequential([
        new Dense(9, { ...first, activation: 'relu' }),
        new Dense(8, { ...bias, activation: 'relu' }),
        new Dense(3, { ...bias, activation: 'softmax' }),
      ]),
  ],
  [
    'relu and softmax in layers of their own',
    () =>
      new Sequential([
        new Dense(9, first),
        new Activation('relu'),
        new Dropout(0.4),
        new Dense(8, bias),
        new Dropout(0.4),
        new Activation('relu'),
        new Dense(3, bias),
        new Activation('softmax'),
      ]),
  ],
  [
    'leakyRelu, tanh and elu in the middle',
    () =>
      new Sequential([
        new Dense(9, { ...first, activation: { name: 'leakyRelu', alpha: 0.1 } }),
        new Dense(8, { ...bias, activation: 'tanh' }),
        new Dense(7, bias),
        new Activation({ name: 'elu', alpha: 0.5 }),
        new Dense(1, { ...bias, activation: 'sigmoid' }),
      ]),
  ],
  ['linear layers only', () => new Sequential([new Dense(6, first), new Dense(6, bias), new Dense(2, bias)])],
  [
    'no bias',
    () =>
      new Sequential([
        new Dense(9, { useBias: false, activation: 'relu', inputShape: [5] }),
        new Dense(4, { useBias: false, activation: 'sigmoid' }),
      ]),
  ],
  ['one layer', () => new Sequential([new Dense(4, { ...first, activation: 'relu' })])],
  [
    'two activations in a row, and one before any layer',
    () =>
      new Sequential([
        new Activation('tanh', { inputShape: [5] }),
        new Dense(6, { ...bias, activation: 'elu' }),
        new Activation('sigmoid'),
        new Dense(3, bias),
      ]),
  ],
];

const inputs = normal([40, 5], 9);

describe('chooseQParams', () => {
  const number = fc.oneof(
    fc.float({ min: fr(-1.6e38), max: fr(1.6e38), noNaN: true }),
    fc.double({ min: -10, max: 10, noNaN: true }),
    fc.constantFrom(0, -0, 1e-45, -1e-38, 1.6e38, -1.6e38),
  );
  const range = fc.tuple(number, number).map(([p, q]) => [Math.min(p, q), Math.max(p, q)] as const);

  test('gives a positive finite scale and a zero point in int8, with 0 exact', () => {
    fc.assert(
      fc.property(range, ([low, high]) => {
        const params = chooseQParams(low, high);
        expect(fr(params.scale)).toBe(params.scale);
        expect(params.scale).toBeGreaterThan(0);
        expect(params.scale).toBeLessThan(Infinity);
        expect(Number.isInteger(params.zeroPoint) && Math.abs(params.zeroPoint + 0.5) < 128).toBe(true);
        expect(toReal(toInt8(0, params), params)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('puts no number of the range farther than half a scale from its integer, on the kernels', () => {
    fc.assert(
      fc.property(
        range,
        fc.array(
          fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
          { minLength: 1 },
        ),
        ([low, high], parts) => {
          const { scale, zeroPoint } = chooseQParams(low, high);
          const x = Float32Array.from([...parts, 0, 1], (part) => clamp(fr(low * (1 - part) + high * part), low, high));
          const [q, y] = [new Int8Array(x.length), new Float32Array(x.length)];
          cpu.quantize(x.length, x, scale, zeroPoint, q);
          cpu.dequantize(x.length, q, scale, zeroPoint, y);
          // 255 roundings of the scale itself, and one each of x/scale and of the product.
          x.forEach((value, i) => {
            expect(Math.abs(y[i]! - value)).toBeLessThanOrEqual((scale / 2) * (1 + 2 ** -13));
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('rounds ties to even', () => {
    expect(chooseQParams(-1, 254)).toEqual({ scale: 1, zeroPoint: -127 });
    const q = new Int8Array(6);
    cpu.quantize(6, Float32Array.of(0.5, 1.5, 2.5, -0.5, -1, 3.5), 1, 0, q);
    expect([...q]).toEqual([0, 2, 2, 0, -1, 4]);
    // -128 - low/scale is -127.5 and -126.5 here.
    expect(chooseQParams(-0.5, 254.5).zeroPoint).toBe(-128);
    expect(chooseQParams(-1.5, 253.5).zeroPoint).toBe(-126);
  });

  test('gives scale 1 to an empty range and widens one to include 0', () => {
    expect(chooseQParams(0, 0)).toEqual({ scale: 1, zeroPoint: 0 });
    expect(chooseQParams(0, 1e-40)).toEqual({ scale: 1, zeroPoint: -128 });
    expect(chooseQParams(-1e-40, 0)).toEqual({ scale: 1, zeroPoint: 127 });
    expect(chooseQParams(-1e-40, 1e-40)).toEqual({ scale: 1, zeroPoint: 0 });
    expect(chooseQParams(5, 10)).toEqual(chooseQParams(0, 10));
    expect(chooseQParams(-10, -5)).toEqual({ scale: fr(10 / 255), zeroPoint: 127 });
    expect(chooseQParams(3, 3).zeroPoint).toBe(-128);
  });

  test('refuses ends that are NaN, infinite, past float32 or in the wrong order', () => {
    const wrong = [
      [Number.NaN, 1],
      [0, Number.NaN],
      [-Infinity, 1],
      [0, Infinity],
      [-1e300, 1e300],
      [-3e38, 3e38],
      [2, 1],
    ] as const;
    for (const [low, high] of wrong) {
      expect(() => chooseQParams(low, high)).toThrow(
        'chooseQParams: the range must be within float32, the low end first, got',
      );
    }
  });
});

describe('an int8 network', () => {
  test.each(architectures)('equals a simulation in integers to the bit: %s', (_, make) => {
    const network = quantize(make(), { calibration: inputs });
    expect(network.nodes.every(({ op }) => op === 'quantize' || op === 'dense' || op === 'activation')).toBe(true);
    expect(quantizedLayers(network).length).toBeGreaterThan(0);
    const far = normal([20, 5], 4).data.map((value) => 3 * value); // beyond what calibration saw
    const x = fromData(Float32Array.from([...inputs.data, ...far]), [60, 5]);
    const wanted = simulate(network, x);
    expect(values(predictNetwork(network, x))).toEqual(wanted);
    const before = setBackend(reference);
    try {
      expect(values(predictNetwork(network, x))).toEqual(wanted);
    } finally {
      setBackend(before);
    }
  });

  test.each(architectures)('stays near the float model: %s', (_, make) => {
    const model = make();
    const network = quantize(model, { calibration: inputs });
    const [p, q] = [predictNetwork(network, inputs).data, model.predict(inputs).data];
    const span = Math.max(...q) - Math.min(...q);
    p.forEach((y, i) => {
      expect(Math.abs(y - q[i]!)).toBeLessThan(0.05 * span);
    });
  });

  test.each(architectures)('agrees with fake quantization to 1 LSB an activation: %s', (_, make) => {
    const network = quantize(make(), { calibration: inputs });
    network.nodes.forEach((node, at) => {
      if (node.op !== 'dense' || node.format === null) return;
      const layer = quantizedOf(network, node);
      const { input, output, weights, weightScales, units } = { ...layer, output: node.format };
      // The values before and after, as real numbers.
      const upTo = (name: string, nodes: readonly Node[]): Tensor => {
        const end = nodeOf('dequantize', 'end', [name], {});
        const used = new Set(nodes.flatMap((each) => Object.values(each.weights)));
        const kept = new Map([...network.weights].filter(([key]) => used.has(key)));
        return predictNetwork({ ...network, nodes: [...nodes, end], outputs: ['end'], weights: kept }, inputs);
      };
      const before = upTo(node.inputs[0]!, network.nodes.slice(0, at));
      const after = upTo(node.name, network.nodes.slice(0, at + 1));
      const x = values(before).map((value) => toReal(toInt8(value, input), input));
      values(after).forEach((value, place) => {
        const [row, j] = [Math.floor(place / units), place % units];
        let sum = layer.bias[j]! * input.scale * weightScales[j]!;
        for (let i = 0; i < layer.inputs; i++)
          sum += x[row * layer.inputs + i]! * weights[i * units + j]! * weightScales[j]!;
        const wanted = toInt8(layer.activation.name === 'relu' ? Math.max(0, sum) : sum, output);
        expect(Math.abs(toInt8(value, output) - wanted)).toBeLessThanOrEqual(1);
      });
    });
  });

  test('fuses relu into layers whose results stay in int8 and drops Dropout', () => {
    const network = quantize(architectures[1]![1](), { calibration: inputs });
    const layers = quantizedLayers(network);
    expect(network.nodes.map(({ op }) => op)).toEqual(['quantize', 'dense', 'dense', 'dense']);
    expect(layers.map(({ activation }) => activation.name)).toEqual(['relu', 'relu', 'softmax']);
    expect(layers.map(({ output }) => output === null)).toEqual([false, false, true]);
    expect(layers[0]!.output).toEqual(layers[1]!.input);
    expect(layers[0]!.output!.zeroPoint).toBe(-128);
    const two = quantize(architectures[6]![1](), { calibration: inputs }).nodes;
    expect(two.flatMap(({ attrs }) => ('activation' in attrs ? [attrs.activation.name] : []))).toEqual([
      'tanh',
      'elu',
      'sigmoid',
      'linear',
    ]);
  });

  test('keeps a Flatten and quantizes through it', () => {
    const model = new Sequential([
      new Dense(4, { inputShape: [2, 3], activation: 'relu' }),
      new Flatten(),
      new Dense(2, bias),
    ]);
    const x = normal([10, 2, 3]);
    const network = quantize(model, { calibration: x });
    expect(network.nodes.map(({ op }) => op)).toEqual(['quantize', 'dense', 'flatten', 'dense']);
    expect(quantizedLayers(network)[0]!.output).not.toBeNull();
    const [p, q] = [predictNetwork(network, x), model.predict(x)];
    expect(p.shape).toEqual([10, 2]);
    p.data.forEach((y, i) => {
      expect(Math.abs(y - q.data[i]!)).toBeLessThan(0.1);
    });
  });
});

describe('quantized weights', () => {
  /** The largest error of each column in units of its scale. */
  function errors(model: Sequential, network: Network, which = 0): number[] {
    const layer = quantizedLayers(network)[which]!;
    const kernel = values((model.layers.filter((l) => l instanceof Dense)[which] as Dense).kernel);
    return Array.from({ length: layer.units }, (_, j) => {
      let most = 0;
      for (let i = 0; i < layer.inputs; i++) {
        const at = i * layer.units + j;
        most = Math.max(most, Math.abs(kernel[at]! - layer.weights[at]! * layer.weightScales[j]!));
      }
      return most / layer.weightScales[j]!;
    });
  }

  test('are within half a scale of the floats, with the largest of each column at ±127', () => {
    const model = smallModel();
    const network = quantize(model, { calibration: inputs });
    quantizedLayers(network).forEach((layer, which) => {
      for (const error of errors(model, network, which)) expect(error).toBeLessThan(0.50001);
      for (let j = 0; j < layer.units; j++) {
        const column = layer.weights.filter((_, at) => at % layer.units === j);
        expect(Math.max(...column.map(Math.abs))).toBe(127);
      }
      expect(layer.weights.includes(-128)).toBe(false);
    });
  });

  test('have a scale a column, so that one 1e9 times larger harms no other', () => {
    const model = new Sequential([new Dense(4, { inputShape: [5] })]);
    const { kernel } = denseOf(model, 0);
    for (let i = 0; i < 5; i++) kernel.storage.array[i * 4 + 2] = kernel.data[i * 4 + 2]! * 1e9;
    const network = quantize(model, { calibration: inputs });
    for (const error of errors(model, network)) expect(error).toBeLessThan(0.50001);
    const [p, q] = [predictNetwork(network, inputs).data, model.predict(inputs).data];
    p.forEach((y, i) => {
      expect(Math.abs(y - q[i]!)).toBeLessThan(0.05 * (i % 4 === 2 ? 1e9 : 1));
    });
  });

  test('that are all zero give the bias', () => {
    const options = { kernelInitializer: 'zeros', biasInitializer: randomUniform(-2, 2) } as const;
    const model = new Sequential([
      new Dense(3, { ...options, inputShape: [5] }),
      new Dense(2, { kernelInitializer: 'zeros' }),
    ]);
    const network = quantize(model, { calibration: inputs });
    const [quantized, product] = network.nodes as [Node, Node];
    const weights = new Map([...network.weights].slice(0, 2));
    const one = { ...network, nodes: [quantized, { ...product, format: null }], outputs: [product.name], weights };
    const wanted = values(denseOf(model, 0).bias!);
    values(predictNetwork(one, inputs)).forEach((y, i) => {
      expect(Math.abs(y - wanted[i % 3]!)).toBeLessThan(1e-6);
    });
    expect(values(predictNetwork(network, inputs)).every((y) => y === 0)).toBe(true);
  });

  test('that are tiny beside a large bias let the bias have its integer', () => {
    for (const ratio of [1e-3, 1e-9, 1e-20, 1e-30]) {
      const model = new Sequential([
        new Dense(3, {
          inputShape: [5],
          kernelInitializer: randomUniform(-ratio, ratio),
          biasInitializer: randomUniform(1, 2),
        }),
      ]);
      const network = quantize(model, { calibration: inputs });
      const [p, q] = [predictNetwork(network, inputs).data, model.predict(inputs).data];
      p.forEach((y, i) => {
        expect(Math.abs(y - q[i]!)).toBeLessThan(1e-5 + 0.1 * ratio);
      });
      expect(encodeNetwork(network).length).toBeGreaterThan(0);
    }
  });

  test('that were pruned stay 0, and the file codes them', () => {
    const model = new Sequential([
      new Dense(64, { inputShape: [64], activation: 'relu' }),
      new Dense(64, { activation: 'relu' }),
      new Dense(10),
    ]);
    const pruned = prune(model, { sparsity: 0.8 });
    const calibration = normal([30, 64]);
    const [dense, sparse] = [model, pruned].map((m) => quantize(m, { calibration }));
    quantizedLayers(sparse!).forEach((layer, which) => {
      const { mask } = pruned.layers.filter((l) => l instanceof Dense)[which]!.weights[0]!;
      mask!.data.forEach((alive, at) => {
        if (alive === 0) expect(layer.weights[at]).toBe(0);
      });
    });
    expect(encodeNetwork(sparse!).length).toBeLessThan(0.6 * encodeNetwork(dense!).length);
    expect(decodeNetwork(encodeNetwork(sparse!)).network).toEqual(sparse!);
  });
});

describe('quantize', () => {
  test('leaves the model, and what it costs to run, as they were', () => {
    const model = smallModel();
    const before = digest(model);
    const network = quantize(model, { calibration: inputs });
    const report = compare(model, network, { samples: threeClasses(), ...quick });
    expect(digest(model)).toBe(before);
    expect(report.after.bytes).toBe(encodeNetwork(network).length);
    expect([report.after.parameters, report.after.macs]).toEqual([report.before.parameters, report.before.macs]);
    expect(report.after.scoreName).toBe('accuracy');
  });

  test('does not depend on how calibration samples are ordered or batched', () => {
    const x = normal([700, 5], 2);
    const reversed = fromData(
      Float32Array.from(Array.from({ length: 700 }, (_, i) => values(x).slice(-5 * (i + 1), 3500 - 5 * i)).flat()),
      [700, 5],
    );
    const [p, q] = [x, reversed].map((calibration) => quantize(smallModel(), { calibration }));
    expect(p).toEqual(q);
  });

  test('refuses what it cannot calibrate on, and what it cannot quantize', () => {
    const on =
      (calibration: Tensor, model = smallModel()) =>
      () =>
        quantize(model, { calibration });
    expect(on(normal([0, 5]))).toThrow('quantize: there are no calibration samples');
    expect(on(normal([3, 4]))).toThrow('quantize: the samples do not fit the network, got [3, 4] and [5]');
    expect(on(normal([5]))).toThrow('the samples do not fit the network');
    expect(on(fromData(Float64Array.of(1, 2, 3, 4, 5), [1, 5]))).toThrow(/float64/);
    expect(on(fromData(Float32Array.of(1, 2, Number.NaN, 4, 5), [1, 5]))).toThrow(
      'quantize: the input of dense must be finite, got NaN',
    );
    expect(on(fromData(Float32Array.of(1, 2, Infinity, 4, 5), [1, 5]))).toThrow(
      'quantize: the input of dense must be finite, got Infinity',
    );
    expect(on(inputs, smallModel(1, 'float64'))).toThrow('quantize: needs a float32 model, got float64');
    expect(on(inputs, new Sequential([new Dense(2)]))).toThrow('the model is not built');
    const broken = new Sequential([new Dense(2, { inputShape: [5] })]);
    denseOf(broken, 0).bias!.storage.array[1] = Number.NaN;
    expect(on(inputs, broken)).toThrow('quantize: dense/bias must be finite, got NaN');
    denseOf(broken, 0).kernel.storage.array[1] = Infinity;
    expect(on(inputs, broken)).toThrow('quantize: dense/kernel must be finite');
  });
});

describe('on the digits', () => {
  let network: Network;
  let model: Sequential;
  let test2: readonly [Tensor, Tensor];
  let report: Comparison;

  beforeAll(async () => {
    const [xTrain, xTest, yTrain, yTest] = await digits();
    model = new Sequential([
      new Dense(128, { activation: 'relu', inputShape: [64] }),
      new Dropout(0.2),
      new Dense(128, { activation: 'relu' }),
      new Dense(10, { activation: 'softmax' }),
    ]);
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    model.fit(xTrain, yTrain, { epochs: 8 });
    test2 = [xTest, yTest];
    network = quantize(model, { calibration: xTrain });
    report = compare(model, network, { samples: test2 });
  });

  test('int8 is within half a point of float', () => {
    expect(report.before.score!).toBeGreaterThan(0.93);
    expect(Math.abs(report.after.score! - report.before.score!)).toBeLessThanOrEqual(0.005);
    expect(report.after.score).toBe(measure(network, { samples: test2, ...quick }).score);
  });

  test('the file of 64-128-128-10 is at most 30 % as large', () => {
    expect(report.before.parameters).toBe(26122);
    expect(report.after.bytes).toBeLessThanOrEqual(0.3 * report.before.bytes);
  });

  test('the file gives the same predictions to the bit', () => {
    const back = decodeNetwork(encodeNetwork(network)).network;
    expect(back).toEqual(network);
    expect(values(predictNetwork(back, test2[0]))).toEqual(values(predictNetwork(network, test2[0])));
  });
});
