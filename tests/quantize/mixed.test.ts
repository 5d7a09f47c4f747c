import { describe, expect, test } from 'vitest';
import { valuesOf } from '../../src/graph/check.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import {
  AvgPool2D,
  Conv2D,
  Conv2DTranspose,
  cpu,
  Dense,
  decodeNetwork,
  Embedding,
  encodeNetwork,
  Flatten,
  fromData,
  type LayerFormatChoice,
  mixedPrecision,
  type Network,
  observeRanges,
  predictNetwork,
  prepareQAT,
  type QuantizeOptions,
  quantize,
  reference,
  Sequential,
  setBackend,
  type Tensor,
  toNetwork,
  wasm,
} from '../../src/index.ts';
import { FIVE } from '../compress/five-networks.ts';
import { normal, smallModel, values } from '../compress/tools.ts';

const x = normal([40, 5], 9);

const threeLayers = (): Sequential =>
  new Sequential(
    [
      new Dense(9, { inputShape: [5], activation: 'relu', name: 'first' }),
      new Dense(8, { activation: 'relu', name: 'second' }),
      new Dense(3, { activation: 'softmax', name: 'third' }),
    ],
    { seed: 1 },
  );

const kindsOf = (network: Network): string =>
  network.nodes
    .map(({ op, weights, format, attrs }) => {
      const kernel = Object.values(weights)[0];
      const type = kernel === undefined ? '' : `(${network.weights.get(kernel)!.encoding.type})`;
      return `${op}${'dynamic' in attrs && attrs.dynamic === true ? '~' : ''}${type}${format === null ? '' : '*'}`;
    })
    .join(' ');

const kernelKeys = ({ nodes }: Network): ReadonlySet<string> =>
  new Set(nodes.flatMap(({ weights }) => weights.kernel ?? []));

/** The encodings of all kernels, by key. */
const kernelsOf = (network: Network): Record<string, string> =>
  Object.fromEntries([...kernelKeys(network)].map((key) => [key, network.weights.get(key)!.encoding.type]));

function onAll(network: Network, input: Tensor): number[] {
  const before = setBackend(reference);
  try {
    const wanted = values(predictNetwork(network, input));
    for (const table of [cpu, wasm()]) {
      setBackend(table);
      expect(values(predictNetwork(network, input))).toEqual(wanted);
    }
    const again = decodeNetwork(encodeNetwork(network)).network;
    expect(values(predictNetwork(again, input))).toEqual(wanted);
    return wanted;
  } finally {
    setBackend(before);
  }
}

describe('formats by layer', () => {
  test.each<[LayerFormatChoice, Record<string, LayerFormatChoice>, string]>([
    ['static', {}, 'quantize* dense(int8)* dense(int8)* dense(int8)'],
    ['static', { second: 'float32' }, 'quantize* dense(int8) dense(float32) quantize* dense(int8)'],
    ['static', { third: 'int4' }, 'quantize* dense(int8)* dense(int8) dense(levels)'],
    ['static', { first: 'dynamic' }, 'dense~(int8) quantize* dense(int8)* dense(int8)'],
    ['static', { second: { weights: 'int4', values: 'static' } }, 'quantize* dense(int8)* dense(levels)* dense(int8)'],
    ['float16', { first: 'int8', second: 'float32' }, 'dense(int8) dense(float32) dense(float16)'],
    ['fixed', { third: 'float32' }, 'quantize* dense(fixed)* dense(fixed) dense(float32)'],
    ['fixed', { second: 'static' }, 'quantize* dense(fixed)* dense(int8)* dense(fixed)'],
  ])('%s but for %o', (format, layers, kinds) => {
    const model = threeLayers();
    const network = quantize(model, { format, layers, calibration: x });
    expect(kindsOf(network)).toBe(kinds);
    const wanted = values(model.predict(x));
    onAll(network, x).forEach((y, i) => {
      expect(Math.abs(y - wanted[i]!)).toBeLessThan(0.1);
    });
  });

  test('leaves a layer in float32 as it is, and biases of all that read real numbers', () => {
    const given = toNetwork(threeLayers());
    const network = quantize(given, { format: 'int4', layers: { second: 'float32' } });
    expect(network.weights.get('second/kernel')).toEqual(given.weights.get('second/kernel'));
    expect(network.weights.get('first/bias')).toEqual(given.weights.get('first/bias'));
  });

  test('of fixed point are powers of two with zero points 0 in and out, also of what lies between', () => {
    for (const make of Object.values(FIVE)) {
      const model = make();
      const samples = normal([6, ...model.inputShapes[0]!], 2);
      const formats = quantize(model, { format: 'fixed', calibration: samples }).nodes.flatMap((n) => n.format ?? []);
      expect(formats.length).toBeGreaterThan(2);
      for (const { scale, zeroPoint } of formats) {
        expect(Number.isInteger(Math.log2(scale))).toBe(true);
        expect(zeroPoint).toBe(0);
      }
    }
  });

  test('of fixed point are so from the input on, though no product reads it', () => {
    const layers = [
      new AvgPool2D({ inputShape: [12, 12, 2] }),
      new AvgPool2D(),
      new Conv2D(3, 2),
      new Flatten(),
      new Dense(2),
    ];
    const network = quantize(new Sequential(layers), { format: 'fixed', calibration: normal([5, 12, 12, 2], 8) });
    expect(kindsOf(network)).toBe('quantize* pool* pool* conv(fixed)* flatten* dense(fixed)');
    for (const { format } of network.nodes) expect(format?.zeroPoint ?? 0).toBe(0);
  });

  test('of fixed point hold what was seen, and no power of two less would', () => {
    const network = quantize(threeLayers(), { format: 'fixed', calibration: x, ranges: 'minMax' });
    const [{ format }] = network.nodes as [(typeof network.nodes)[number]];
    const { scale } = format!;
    const low = Math.min(...values(x));
    const high = Math.max(...values(x));
    const holds = (step: number): boolean => Math.round(high / step) <= 127 && Math.round(low / step) >= -128;
    expect([holds(scale), holds(scale / 2)]).toEqual([true, false]);
  });
});

test('a format of weights with its group is one by itself', () => {
  for (const type of ['int4', 'ternary'] as const)
    expect(quantize(threeLayers(), { format: { type, group: 4 } })).toEqual(
      quantize(threeLayers(), { format: { weights: { type, group: 4 } } }),
    );
  const layers = { first: { type: 'uint4', group: 'column' } } as const;
  expect(quantize(threeLayers(), { format: 'float32', layers }).weights.get('first/kernel')!.encoding).toMatchObject({
    type: 'levels',
    group: 5,
  });
});

describe('refused is', () => {
  const on =
    (options: unknown, model = threeLayers()) =>
    () =>
      quantize(model, options as QuantizeOptions);

  test.each<[string, unknown, string]>([
    [
      'a layer that is none',
      { layers: { secnd: 'int8' } },
      'quantize: layers["secnd"] must be one of the layers first, second, third, got "int8". Did you mean second?',
    ],
    ['a list of layers', { layers: ['first'] }, 'layers must be an object of formats by names of nodes'],
    ['a format that is none', { format: 'int3' }, 'quantize: format must be static, fixed, dynamic, one of float32'],
    ['one of a layer', { format: 'int8', layers: { first: 'int3' } }, 'layers["first"] must be static, fixed, dynamic'],
    ['a name of other libraries', { format: 'fp16' }, 'got "fp16". Did you mean float16?'],
    ['a name with another case', { format: 'Static' }, 'got "Static". Did you mean static?'],
    [
      'values that are a format of weights',
      { format: { weights: 'int4', values: 'int8' } },
      'quantize: format.values must be one of real, static, fixed, dynamic, got "int8". int8 is static or dynamic',
    ],
    [
      'weights that are a format of values',
      { format: { weights: 'static' } },
      'quantize: format.weights must be one of float32,',
    ],
    [
      'a type that is none',
      { layers: { first: { weights: { type: 'tenary' } } } },
      'got "tenary". Did you mean ternary?',
    ],
    ['a type that is none by itself', { format: { type: 'int5' } }, 'quantize: format.type must be one of float32,'],
    ['a field of weights that is none', { format: { type: 'int4', groups: 4 } }, 'format.groups must be left out'],
    [
      'a field that is none',
      { format: { weight: 'int4' } },
      'format.weight must be left out: formats are { weights, values } or, of weights alone, { type, group, fit }, got "int4". Did you mean weights?',
    ],
    ['ranges that are none', { ranges: 'minmaxx' }, 'got "minmaxx". Did you mean minMax?'],
    ['one weight too coarse for its values', { format: { weights: 'int4', values: 'fixed' } }, 'must be fixed8'],
    [
      'numbers that are not whole',
      { format: { weights: 'float16', values: 'static' } },
      'a format whose numbers are whole',
    ],
    [
      'a fit of what has none',
      { format: { weights: { type: 'int8', fit: 'error' } } },
      'format.weights.fit must be left out',
    ],
    ['a format that says nothing', { format: {} }, 'quantize: format must be static, fixed, dynamic, one of float32'],
    ['one of a layer', { format: 'int8', layers: { first: {} } }, 'quantize: layers["first"] must be static, fixed'],
    ['a format of undefined', { format: { weights: undefined } } as never, 'quantize: format must be static'],
    ['a rule that is none', { rule: 'shift' }, 'rule must be float32 or multiplier'],
    [
      'static without samples',
      {},
      'quantize: calibration must be typical inputs for static and fixed layers, or ranges given in their place, got undefined. Formats of weights alone and dynamic need none, as format: "int8"',
    ],
    ['fixed without samples', { layers: { first: 'fixed' }, format: 'int8' }, 'calibration must be typical inputs for'],
    ['samples that are none', { calibration: null }, 'quantize: calibration must be a tensor, nested arrays'],
    ['a range of no value', { ranges: new Map([['frst', { low: 0, high: 1 }]]) }, 'Did you mean first?'],
    [
      'a range upside down',
      { ranges: new Map([['first', { low: 1, high: 0 }]]) },
      'the range of "first" must be { low, high }, finite',
    ],
    ['a range that is none', { ranges: new Map([['first', null]]) }, 'the range of "first" must be { low, high }'],
    [
      'ranges that lack one',
      { ranges: new Map([['first', { low: 0, high: 1 }]]) },
      'quantize: calibration must be given: ranges hold none of',
    ],
  ])('%s', (_, options, message) => {
    expect(on(options)).toThrow(message);
  });

  test('formats of layers in a Map or a list, which would be read as none', () => {
    const refused = 'quantize: layers must be an object of formats by names of nodes, got';
    expect(on({ layers: new Map([['first', 'int8']]) as never, format: 'int4' })).toThrow(
      `${refused} an object of Map. Write Object.fromEntries(layers)`,
    );
    expect(on({ layers: ['int8'] as never, format: 'int4' })).toThrow(`${refused} ["int8"]`);
    expect(on({ layers: null as never, format: 'int4' })).toThrow(`${refused} null`);
  });

  test('a node that multiplies nothing', () => {
    const model = new Sequential([new Flatten({ inputShape: [2, 3] }), new Dense(2)]);
    expect(on({ layers: { flatten: 'int8' }, format: 'int8' }, model)).toThrow(
      'quantize: layers["flatten"] must be left out: "flatten" (flatten) multiplies by no weight',
    );
  });

  test('two formats of one shared weight', () => {
    const model = FIVE['residual with a shared layer']!();
    const names = toNetwork(model).nodes.flatMap(({ name, weights }) =>
      weights.kernel === 'shared/kernel' ? name : [],
    );
    expect(names).toHaveLength(2);
    const layers = { [names[0]!]: 'float16' } as const;
    expect(() => quantize(model, { format: 'int8', layers })).toThrow(
      `quantize: nodes "${names[0]}" and "${names[1]}" share shared/kernel: give both one format`,
    );
    const network = quantize(model, { format: 'int8', layers: { ...layers, [names[1]!]: 'float16' } });
    expect(kernelsOf(network)).toEqual(
      Object.fromEntries([...kernelKeys(network)].map((key) => [key, key === 'shared/kernel' ? 'float16' : 'int8'])),
    );
    expect(network.nodes.every(({ format }) => format === null)).toBe(true);
  });

  test('a dynamic table or transposed convolution, and levels of one in int8', () => {
    const image = new Sequential([new Conv2DTranspose(2, 3, { inputShape: [4, 4, 2], name: 'up' })]);
    expect(on({ format: 'dynamic' }, image)).toThrow(
      'node "up" (convTranspose) has no form of dynamic values. Give its weights alone',
    );
    expect(on({ format: { weights: 'int4', values: 'static' } }, image)).toThrow('has one scale for its integers');
    const words = new Sequential([
      new Embedding(9, 4, { inputShape: [3], name: 'words' }),
      new Flatten(),
      new Dense(2),
    ]);
    const rows = fromData(Int32Array.of(0, 1, 2, 8, 7, 6), [2, 3]);
    const fixed8 = { weights: 'fixed8', values: 'static' } as const;
    expect(on({ format: 'static', layers: { words: fixed8 }, calibration: rows }, words)).toThrow(
      'quantize: node "words" (embedding) has the scale of its values, which fixed8 has not: take int8',
    );
    const options = { calibration: rows, budget: { bytes: 1e5 }, formats: [fixed8, 'int8'] } as const;
    const choice = mixedPrecision(words, options);
    expect(choice.layers.map((layer) => layer.options.map(({ format }) => format.weights.type))).toEqual([
      ['int8'],
      ['fixed8', 'int8'],
    ]);
    expect(on({ format: 'dynamic' }, words)).toThrow('node "words" (embedding) has no form of dynamic values');
    const network = quantize(words, { format: 'dynamic', layers: { words: 'int8' } });
    expect(kindsOf(network)).toBe('embedding(int8) flatten dense~(int8)');
  });

  test('what is quantized already, but for halves, which count as their numbers', () => {
    const given = toNetwork(threeLayers());
    for (const format of ['int8', 'int4', 'fixed16'] as const)
      expect(() => quantize(quantize(given, { format }), { format: 'int8' })).toThrow(
        'already: take dequantize(network) first',
      );
    const half = decodeNetwork(encodeNetwork(quantize(given, { format: 'float16' }))).network;
    const network = quantize(half, { calibration: x });
    expect(kindsOf(network)).toBe('quantize* dense(int8)* dense(int8)* dense(int8)');
    const wanted = values(predictNetwork(given, x));
    onAll(network, x).forEach((y, i) => {
      expect(Math.abs(y - wanted[i]!)).toBeLessThan(0.05);
    });
  });

  test('a pruned weight in binary, and a weight beyond float16', () => {
    const given = toNetwork(threeLayers());
    const kernel = given.weights.get('first/kernel')!;
    const mask = new Uint8Array(45).fill(1);
    mask[3] = 0;
    const pruned = { ...given, weights: new Map([...given.weights, ['first/kernel', { ...kernel, mask }]]) };
    expect(() => quantize(pruned, { format: 'binary' })).toThrow(
      'first/kernel is pruned, and binary has no 0: take ternary',
    );
    const encoding = { type: 'float32', values: new Float32Array(45).fill(70000) } as const;
    const large = { ...given, weights: new Map([...given.weights, ['first/kernel', { ...kernel, encoding }]]) };
    expect(() => quantize(large, { format: 'float16' })).toThrow(
      'numbers that float16 reaches, got 70000. Take bfloat16?',
    );
    const network = quantize(large, { format: 'bfloat16' });
    expect(kindsOf(network)).toBe('dense(bfloat16) dense(bfloat16) dense(bfloat16)');
    // The nearest of 8 bits: 70000 is 1.068 * 2^16
    expect([...new Set(decodeWeight(network.weights.get('first/kernel')!))]).toEqual([137 * 2 ** 9]);
    encoding.values[7] = Number.NaN;
    expect(() => quantize(large, { format: 'int4' })).toThrow('first/kernel must be finite, got NaN');
  });
});

describe('ranges that are known', () => {
  test('stand for the samples that they were observed on', () => {
    const model = threeLayers();
    const ranges = observeRanges(model, x, { ranges: 'minMax' });
    expect([...ranges.keys()]).toEqual([...valuesOf(toNetwork(model)).keys()]);
    const network = quantize(model, { ranges });
    const wanted = quantize(model, { calibration: x, ranges: 'minMax' });
    expect(network.nodes.map(({ format }) => format)).toEqual(wanted.nodes.map(({ format }) => format));
    expect(onAll(network, x)).toEqual(onAll(wanted, x));
  });

  test('of channels are those of the value that holds them', () => {
    const model = threeLayers();
    const whole = quantize(model, { ranges: observeRanges(model, x, { ranges: 'minMax' }) });
    const channels = observeRanges(model, x, { ranges: 'minMax', perChannel: true });
    expect(quantize(model, { ranges: channels })).toEqual(whole);
    channels.set('first', []);
    expect(() => quantize(model, { ranges: channels })).toThrow('the range of "first" must be { low, high }');
    channels.set('first', [
      { low: 0, high: 1 },
      { low: 0, high: Number.NaN },
    ]);
    expect(() => quantize(model, { ranges: channels })).toThrow('the range of "first" must be { low, high }');
  });

  test('are refused with their name where they are too wide for float32, as are those of samples', () => {
    const model = threeLayers();
    const far = fromData(Float32Array.of(3e38, -3e38, 0, 0, 0), [1, 5]);
    const wide = { low: -3e38, high: 3e38 };
    const ranges = new Map([...observeRanges(model, x), ['first', wide]]);
    expect(() => quantize(model, { ranges })).toThrow('quantize: the range of "first" must be within float32');
    expect(() => quantize(model, { calibration: far })).toThrow(
      'quantize: the range of "input" must be within float32, the low end first, got [-3',
    );
    expect(() => prepareQAT(model, { calibration: far })).toThrow('prepareQAT: the range of "input" must be within');
  });

  test('go with an activation that becomes part of what it follows, and leave the others to the samples', () => {
    const model = smallModel(); // its first relu is a layer of its own
    const [first, relu] = toNetwork(model).nodes.map(({ name }) => name) as [string, string];
    const far = new Map([
      [first, { low: -100, high: 100 }],
      [relu, { low: 0, high: 51 }],
    ]);
    const network = quantize(model, { ranges: far, calibration: x });
    const own = network.nodes.find(({ name }) => name === first)!;
    expect(own.format).toEqual({ scale: Math.fround(0.2), zeroPoint: -128 });
    const free = quantize(model, { calibration: x }).nodes;
    expect(network.nodes[0]!.format).toEqual(free[0]!.format);
  });
});

describe('in whole numbers throughout', () => {
  const bent = (): Sequential =>
    new Sequential(
      [
        new Dense(9, { inputShape: [5], activation: 'tanh', name: 'first' }),
        new Dense(8, { activation: 'hardSwish', name: 'second' }),
        new Dense(3, { name: 'third' }),
      ],
      { seed: 1 },
    );

  test('activations are int8 too, by the rule or in fixed point, and real by the float32 rule', () => {
    expect(kindsOf(quantize(bent(), { calibration: x }))).toBe(
      'quantize* dense(int8) quantize* dense(int8) quantize* dense(int8)',
    );
    for (const options of [
      { rule: 'multiplier' },
      { format: 'fixed' },
      { format: 'fixed', rule: 'multiplier' },
    ] as const) {
      const model = bent();
      const network = quantize(model, { ...options, calibration: x });
      expect(network.nodes.map(({ op, format }) => `${op}${format === null ? '' : '*'}`).join(' ')).toBe(
        'quantize* dense* activation* dense* activation* dense',
      );
      const rules = network.nodes.map(({ attrs }) => ('rule' in attrs ? attrs.rule : undefined));
      const rule = 'rule' in options ? 'multiplier' : undefined;
      expect(rules).toEqual([undefined, rule, undefined, rule, undefined, undefined]);
      const wanted = values(model.predict(x));
      const span = Math.max(...wanted) - Math.min(...wanted);
      onAll(network, x).forEach((y, i) => {
        expect(Math.abs(y - wanted[i]!)).toBeLessThan(0.1 * span);
      });
    }
  });

  test('the five networks run on every table, near the float32 rule', () => {
    for (const make of Object.values(FIVE)) {
      const model = make();
      const samples = normal([6, ...model.inputShapes[0]!], 2);
      const network = quantize(model, { calibration: samples, rule: 'multiplier' });
      const wanted = values(predictNetwork(quantize(model, { calibration: samples }), samples));
      onAll(network, samples).forEach((y, i) => {
        expect(Math.abs(y - wanted[i]!)).toBeLessThan(0.05);
      });
    }
  });
});

describe('tables', () => {
  const entries = fromData(
    Int32Array.from({ length: 30 }, (_, i) => (7 * i) % 9),
    [10, 3],
  );
  const words = (units = 4): Sequential =>
    new Sequential(
      [new Embedding(9, units, { inputShape: [3], name: 'words' }), new Flatten(), new Dense(2, { name: 'out' })],
      { seed: 2 },
    );

  test.each(['static', 'fixed'] as const)('give int8 in the format of their values: %s', (format) => {
    const model = words();
    const network = quantize(model, { format, calibration: entries });
    const [node] = network.nodes as [(typeof network.nodes)[number]];
    expect([node.op, node.format!.zeroPoint]).toEqual(['embedding', 0]);
    expect(network.nodes.some(({ op }) => op === 'quantize')).toBe(false);
    const wanted = values(model.predict(entries));
    onAll(network, entries).forEach((y, i) => {
      expect(Math.abs(y - wanted[i]!)).toBeLessThan(0.01);
    });
    // The range of a table is that of its numbers: no samples are needed
    expect(quantize(model, { format, ranges: new Map() }).nodes).toEqual(network.nodes);
  });

  test.each(['float16', 'int8', 'int4', 'uint4', 'ternary', 'fixed16'] as const)(
    'have any format by themselves: %s',
    (format) => {
      const network = quantize(words(), { format: 'float32', layers: { words: format } });
      expect(network.weights.get('out/kernel')!.encoding.type).toBe('float32');
      expect(network.weights.get('words/embeddings')!.encoding.type).not.toBe('float32');
      onAll(network, entries);
    },
  );
});
