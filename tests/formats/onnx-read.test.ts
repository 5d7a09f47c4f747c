import { describe, expect, test } from 'vitest';
import { reference } from '../../kernels/reference/reference.ts';
import { fromOnnx, type Imported } from '../../src/formats/index.ts';
import type { NodeMessage, TensorMessage } from '../../src/formats/onnx/messages.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { file, message, node, tensor, value } from './onnx-files.ts';

/** What a network gives for one sample. */
function run({ network }: Imported, ...inputs: readonly (readonly number[])[]): number[][] {
  const program = compileNetwork(network, 1, reference);
  const given = program.inputTypes.map((type, i) => (type === 'int32' ? Int32Array : Float32Array).from(inputs[i]!));
  const made = program.run(given, 1).map((y) => [...y]);
  program.dispose();
  return made;
}

type Parts = readonly [
  shape: readonly (number | string)[],
  nodes: readonly NodeMessage[],
  constants?: readonly TensorMessage[],
  opset?: number,
];
const read = (...parts: Parts): Imported => fromOnnx(file(...parts));
const opsOf = (imported: Imported): string[] => imported.network.nodes.map(({ op }) => op);
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
const int64 = (name: string, ...values: number[]): TensorMessage => tensor(name, [values.length], values, 'int64');

describe('products', () => {
  test('Gemm with its factors, MatMul with an Add as its bias', () => {
    const constants = [tensor('w', [2, 3], range(6)), tensor('b', [2], [10, 20])];
    const gemm = read(
      ['N', 3],
      [node('Gemm', ['x', 'w', 'b'], ['y'], { alpha: 0.5, transB: 1, beta: 2.5 })],
      constants,
    );
    expect(run(gemm, [1, 1, 1])).toEqual([[3 + 25, 7.5 + 50]]);
    const add = read(
      ['N', 2],
      [node('MatMul', ['x', 'w'], ['a']), node('Add', ['b', 'a'], ['y'])],
      [constants[0]!, tensor('b', [3], [1, 2, 3])],
    );
    expect(run(add, [1, 1])).toEqual([[6, 9, 12]]);
    expect(opsOf(add)).toEqual(['dense']);
    expect(add.network.nodes[0]!.name).toBe('y');
  });

  test('a Conv moves the channels of inputs last, and says so', () => {
    const imported = read(
      [1, 2, 2, 2],
      [node('Conv', ['x', 'w'], ['y'], { kernel_shape: [2, 2] })],
      [tensor('w', [1, 2, 2, 2], range(8))],
    );
    expect(imported.network.inputs[0]!.shape).toEqual([2, 2, 2]);
    expect(imported.inputs[0]!.axes).toEqual([0, 2, 3, 1]);
    // Channels 1 to 4 and 5 to 8, side by side at each place
    expect(run(imported, [1, 5, 2, 6, 3, 7, 4, 8])).toEqual([[204]]);
  });

  test('Flatten behind a Conv turns the rows of the matrix', () => {
    const constants = [tensor('w', [2, 1, 1, 1], [1, 10]), tensor('k', [6, 1], range(6))];
    const nodes = [node('Conv', ['x', 'w'], ['a']), node('Flatten', ['a'], ['f']), node('Gemm', ['f', 'k'], ['y'])];
    const imported = read([1, 1, 1, 3], nodes, constants);
    expect(opsOf(imported)).toEqual(['conv', 'flatten', 'dense']);
    // The places of the first channel, and then those of the second
    expect(run(imported, [1, 2, 4])).toEqual([[1 + 4 + 12 + 10 * (4 + 10 + 24)]]);
  });

  test('a sequence that is an image of one row for a Conv stays a sequence', () => {
    const nodes = [
      node('Unsqueeze', ['x', 'a'], ['u']),
      node('Conv', ['u', 'w'], ['c']),
      node('Squeeze', ['c', 'a'], ['y']),
    ];
    const imported = read([1, 1, 3], nodes, [int64('a', 2), tensor('w', [1, 1, 1, 2], [1, 10])]);
    expect(imported.network.inputs[0]!.shape).toEqual([3, 1]);
    expect(run(imported, [1, 2, 3])).toEqual([[21, 32]]);
  });
});

describe('constants', () => {
  test('of each channel are a bias where a product has none, and exact factors elsewhere', () => {
    const constants = [tensor('c', [2, 1, 1], [2, -3]), tensor('d', [2, 1, 1], [1, 5])];
    const imported = read([1, 2, 1, 1], [node('Mul', ['x', 'c'], ['a']), node('Sub', ['a', 'd'], ['y'])], constants);
    expect(opsOf(imported)).toEqual(['batchNorm']);
    expect(run(imported, [7, 11])).toEqual([[13, -38]]);
    const turned = read(['N', 2], [node('Sub', ['c', 'x'], ['y'])], [tensor('c', [], [1])]);
    expect(run(turned, [3, 0.5])).toEqual([[-2, 0.5]]);
    const share = read(['N', 2], [node('Div', ['x', 'c'], ['y'])], [tensor('c', [2], [2, 4])]);
    expect(run(share, [3, 1])).toEqual([[1.5, 0.25]]);
  });

  test('a number may be added to a product of an input whose channels nothing has asked for', () => {
    const nodes = [node('Mul', ['x', 'a'], ['m']), node('Add', ['m', 'b'], ['y'])];
    const imported = read(['N', 2, 3], nodes, [tensor('a', [], [2]), tensor('b', [], [10])]);
    expect(run(imported, range(6))).toEqual([[12, 14, 16, 18, 20, 22]]);
    expect(opsOf(imported)).toEqual(['batchNorm']);
  });

  test('of opset 6 stand where the attribute axis says, among constants too', () => {
    const nodes = [node('Add', ['a', 'b'], ['w'], { broadcast: 1, axis: 0 }), node('MatMul', ['x', 'w'], ['y'])];
    const constants = [tensor('a', [2, 2], [1, 2, 3, 4]), tensor('b', [2], [10, 20])];
    expect(run(read(['N', 2], nodes, constants, 6), [1, 1])).toEqual([[34, 36]]);
  });

  test('with scales for parts need as many zero points', () => {
    const nodes = [node('QuantizeLinear', ['c', 's', 'z'], ['q']), node('DequantizeLinear', ['q', 's'], ['w'])];
    const constants = [tensor('c', [2, 2], range(4)), tensor('s', [2], [1, 1]), tensor('z', [1], [1], 'int8')];
    expect(() => read(['N', 2], [...nodes, node('MatMul', ['x', 'w'], ['y'])], constants)).toThrow(/zero points/);
  });

  test('with a scale of 0 are zeros', () => {
    const nodes = [node('DequantizeLinear', ['q', 's'], ['w'], { axis: 1 }), node('MatMul', ['x', 'w'], ['y'])];
    const constants = [tensor('q', [2, 2], range(4), 'int8'), tensor('s', [2], [0, 0.5])];
    expect(run(read(['N', 2], nodes, constants), [1, 1])).toEqual([[0, 3]]);
  });

  test('may be given for inputs, and sizes for names', () => {
    const bytes = message({
      node: [node('Gemm', ['x', 'w'], ['y'])],
      input: [value('x', ['N', 'wide']), value('w', [2, 1])],
      output: [{ name: 'y' }],
    });
    const constants = new Map([['w', { shape: [2, 1], data: [3, 4] }]]);
    expect(run(fromOnnx(bytes, { constants, sizes: new Map([['wide', 2]]) }), [1, 2])).toEqual([[11]]);
    expect(() => fromOnnx(bytes, { constants })).toThrow(/axis 1 open \("wide"\): give it in the option sizes/);
    expect(() => fromOnnx(bytes, { sizes: new Map([['wide', 2]]) })).toThrow(/first axes|as a constant/);
    expect(() => fromOnnx(bytes, { sizes: new Map([['wied', 2]]) })).toThrow(
      'sizes must be names of open sizes of inputs of the file ("N", "wide"), got "wied"',
    );
    const given = { shape: [], data: [1] };
    expect(() => fromOnnx(bytes, { constants: new Map([['W', given]]) })).toThrow(/names of inputs of the file \("x"/);
    expect(() => fromOnnx(bytes, { constants: new Map([['v', { shape: [], data: [1] }]]) })).toThrow(/names of inputs/);
  });

  test('shapes that are computed from the batch are read', () => {
    const nodes = [
      node('Shape', ['x'], ['s']),
      node('Gather', ['s', 'i'], ['n']),
      node('Unsqueeze', ['n', 'o'], ['u']),
      node('Concat', ['u', 'm'], ['t'], { axis: 0 }),
      node('Reshape', ['x', 't'], ['f']),
      node('Relu', ['f'], ['y']),
    ];
    const imported = read(['N', 2, 3], nodes, [tensor('i', [], [0], 'int64'), int64('o', 0), int64('m', -1)]);
    expect(run(imported, [1, -1, 2, -2, 3, -3])).toEqual([[1, 0, 2, 0, 3, 0]]);
  });
});

describe('activations that files write as several operations', () => {
  const half = tensor('h', [], [0.5]);
  const one = tensor('i', [], [1]);
  test.each([
    ['silu', [node('Sigmoid', ['x'], ['s']), node('Mul', ['s', 'x'], ['y'])], []],
    ['hardSwish', [node('HardSigmoid', ['x'], ['s'], { alpha: 1 / 6 }), node('Mul', ['x', 's'], ['y'])], []],
    [
      'gelu',
      [
        node('Mul', ['x', 'r'], ['a']),
        node('Erf', ['a'], ['b']),
        node('Add', ['i', 'b'], ['c']),
        node('Mul', ['x', 'h'], ['d']),
        node('Mul', ['d', 'c'], ['y']),
      ],
      [tensor('r', [], [Math.SQRT1_2])],
    ],
    [
      'geluTanh',
      [
        node('Pow', ['x', 't'], ['a']),
        node('Mul', ['a', 'k'], ['b']),
        node('Add', ['x', 'b'], ['c']),
        node('Mul', ['c', 'q'], ['d']),
        node('Tanh', ['d'], ['e']),
        node('Add', ['e', 'i'], ['f']),
        node('Mul', ['x', 'f'], ['g']),
        node('Mul', ['g', 'h'], ['y']),
      ],
      [tensor('t', [], [3]), tensor('k', [], [0.044715]), tensor('q', [], [Math.sqrt(2 / Math.PI)])],
    ],
  ] as const)('%s', (name, nodes, constants) => {
    const { network } = read(['N', 3], nodes, [half, one, ...constants]);
    expect(network.nodes.map(({ attrs }) => attrs)).toEqual([{ activation: { name } }]);
  });

  test('nothing of another domain', () => {
    const nodes = [{ ...node('Sigmoid', ['x'], ['s']), domain: 'com.example' }, node('Mul', ['x', 's'], ['y'])];
    expect(() => read(['N', 2], nodes)).toThrow(/com.example/);
  });

  test('nothing that is only like one', () => {
    expect(() => read(['N', 3], [node('Sigmoid', ['x'], ['s']), node('Mul', ['s', 's'], ['y'])])).toThrow(
      /multiplies two values/,
    );
    const other = [node('Relu', ['x'], ['r']), node('Sigmoid', ['x'], ['s']), node('Mul', ['r', 's'], ['y'])];
    expect(() => read(['N', 3], other)).toThrow(/multiplies two values/);
  });
});

describe('axes', () => {
  test('Softmax before opset 13 is over all axes but the first', () => {
    const old = read([1, 2, 2], [node('Softmax', ['x'], ['y'])], [], 12);
    expect(run(old, [0, 0, 0, 0])).toEqual([[0.25, 0.25, 0.25, 0.25]]);
    expect(run(read([1, 2, 2], [node('Softmax', ['x'], ['y'])]), [0, 0, 0, 0])).toEqual([[0.5, 0.5, 0.5, 0.5]]);
  });

  test('a shuffle of channels is one operation', () => {
    const nodes = [
      node('Reshape', ['x', 'a'], ['r']),
      node('Transpose', ['r'], ['t'], { perm: [0, 2, 1, 3] }),
      node('Reshape', ['t', 'b'], ['s']),
      node('MaxPool', ['s'], ['y'], { kernel_shape: [1] }),
    ];
    const imported = read([1, 4, 1], nodes, [int64('a', 0, 2, 2, 1), int64('b', 0, 4, 1)]);
    expect(opsOf(imported)).toEqual(['channelShuffle', 'pool']);
    expect(run(imported, [1, 2, 3, 4])).toEqual([[1, 3, 2, 4]]);
  });

  test('Concat, Split and Slice are along channels', () => {
    const nodes = [
      node('Split', ['x'], ['a', 'b'], { axis: 1, split: [1, 2] }),
      node('Concat', ['b', 'a'], ['c'], { axis: 1 }),
      node('Slice', ['c', 'f', 't', 'm'], ['y']),
    ];
    expect(run(read([1, 3], nodes, [int64('f', 1), int64('t', 2 ** 53), int64('m', -1)], 11), [1, 2, 3])).toEqual([
      [3, 1],
    ]);
    expect(() => read([2, 3], [node('Concat', ['x', 'x'], ['y'], { axis: 0 })])).toThrow(
      /samples along the first axis/,
    );
  });

  test('flattened branches that are joined keep their order', () => {
    const nodes = [
      node('Conv', ['x', 'w'], ['a']),
      node('Flatten', ['a'], ['f']),
      node('Concat', ['f', 'f'], ['c'], { axis: 1 }),
      node('Gemm', ['c', 'k'], ['y']),
    ];
    const imported = read([1, 1, 1, 2], nodes, [tensor('w', [2, 1, 1, 1], [1, 10]), tensor('k', [8, 1], range(8))]);
    expect(run(imported, [1, 2])).toEqual([[1 + 4 + 30 + 80 + 5 + 12 + 70 + 160]]);
  });
});

describe('windows', () => {
  const pool = (attributes: Parameters<typeof node>[3], kind = 'AveragePool', opset = 17): Imported =>
    read([1, 1, 4], [node(kind, ['x'], ['y'], { kernel_shape: [3], ...attributes })], [], opset);
  test('with ceil_mode, with zeros that count, and as they are placed by SAME_LOWER', () => {
    expect(run(pool({ strides: [2], ceil_mode: 1 }, 'MaxPool'), [1, 2, 3, 4])).toEqual([[3, 4]]);
    expect(run(pool({ pads: [1, 0], count_include_pad: 1 }), [3, 3, 3, 3])).toEqual([[2, 3, 3]]);
    expect(run(pool({ pads: [1, 0] }), [3, 3, 3, 3])).toEqual([[3, 3, 3]]);
    expect(run(pool({ kernel_shape: [2], auto_pad: 'SAME_LOWER' }, 'MaxPool'), [4, 3, 2, 1])).toEqual([[4, 4, 3, 2]]);
  });

  test('by auto_pad that leave out more than one place are refused, since runtimes differ', () => {
    const conv = (length: number, auto: string) => (): Imported =>
      read(
        [1, 1, length],
        [node('Conv', ['x', 'w'], ['y'], { strides: [4], auto_pad: auto })],
        [tensor('w', [1, 1, 1], [1])],
      );
    expect(run(conv(6, 'SAME_UPPER')(), range(6))).toEqual([[1, 5]]);
    for (const auto of ['SAME_UPPER', 'SAME_LOWER'])
      expect(conv(8, auto)).toThrow(/of which runtimes differ: give pads/);
  });

  test('of transposed convolutions of a given size: what is cut off, and the zeros behind that no kernel reaches', () => {
    const sized = (size: number, auto: string): number[][] =>
      run(
        read(
          ['N', 1, 2],
          [node('ConvTranspose', ['x', 'w'], ['y'], { strides: [2], output_shape: [size], auto_pad: auto })],
          [tensor('w', [1, 1, 3], [1, 2, 4])],
        ),
        [1, 10],
      );
    expect(sized(4, 'NOTSET')).toEqual([[2, 14, 20, 40]]);
    expect(sized(4, 'SAME_UPPER')).toEqual([[1, 2, 14, 20]]);
    for (const auto of ['NOTSET', 'SAME_UPPER']) expect(sized(6, auto)).toEqual([[1, 2, 14, 20, 40, 0]]);
    expect(() => sized(7, 'NOTSET')).toThrow(/of which runtimes differ/);
  });

  test('Pad, Resize and means over places', () => {
    const padded = read(
      [1, 1, 2],
      [node('Pad', ['x', 'p'], ['a']), node('Conv', ['a', 'w'], ['y'])],
      [int64('p', 0, 0, 1, 0, 0, 2), tensor('w', [1, 1, 1], [2])],
    );
    expect(padded.network.inputs[0]!.shape).toEqual([2, 1]);
    const wide = read(
      [1, 1, 2],
      [node('Resize', ['x', '', 's'], ['y'], { mode: 'nearest' })],
      [tensor('s', [3], [1, 1, 3])],
    );
    expect(run(wide, [1, 2])).toEqual([[1, 1, 1, 2, 2, 2]]);
    const mean = read([1, 2, 2], [node('ReduceMean', ['x'], ['y'], { axes: [2], keepdims: 0 })]);
    expect(run(mean, [1, 10, 3, 20])).toEqual([[2, 15]]);
    expect(() => read([1, 1, 2], [node('Resize', ['x', '', 's'], ['y'])], [tensor('s', [3], [1, 1, 0.5])])).toThrow(
      /whole factors/,
    );
  });
});

describe('integers', () => {
  const format = [tensor('s', [], [0.5]), tensor('z', [], [130], 'uint8')];
  test('uint8 becomes int8, 128 lower, and an integer input real numbers', () => {
    const bytes = message({
      node: [
        node('DequantizeLinear', ['x', 's', 'z'], ['a']),
        node('Relu', ['a'], ['b']),
        node('QuantizeLinear', ['b', 's', 'z'], ['y']),
      ],
      initializer: format,
      input: [value('x', ['N', 3], 'uint8')],
      output: [{ name: 'y' }],
    });
    const imported = fromOnnx(bytes);
    expect(imported.inputs[0]).toMatchObject({ dtype: 'uint8', format: { scale: 0.5, zeroPoint: 130 } });
    expect(imported.outputs[0]).toMatchObject({ dtype: 'uint8', format: { scale: 0.5, zeroPoint: 130 } });
    expect(opsOf(imported)).toEqual(['quantize', 'activation', 'dequantize']);
    expect(imported.network.nodes[0]!.format).toEqual({ scale: 0.5, zeroPoint: 2 });
    expect(run(imported, [-1, 0.5, 2])).toEqual([[0, 0.5, 2]]);
  });

  test('a product between them multiplies integers', () => {
    const constants = [
      ...format,
      tensor('w', [2, 2], [1, 2, 3, 4], 'int8'),
      tensor('t', [2], [0.25, 0.5]),
      tensor('b', [2], [8, -4], 'int32'),
      tensor('u', [2], [0.125, 0.25]),
    ];
    const nodes = [
      node('QuantizeLinear', ['x', 's', 'z'], ['q']),
      node('DequantizeLinear', ['q', 's', 'z'], ['r']),
      node('DequantizeLinear', ['w', 't'], ['k'], { axis: 1 }),
      node('DequantizeLinear', ['b', 'u'], ['c'], { axis: 0 }),
      node('Gemm', ['r', 'k', 'c'], ['y']),
    ];
    const imported = read(['N', 2], nodes, constants);
    expect(opsOf(imported)).toEqual(['quantize', 'dense']);
    expect([...imported.network.weights].map(([key, { encoding }]) => [key, encoding.type])).toEqual([
      ['w', 'int8'],
      ['b', 'int32'],
    ]);
    expect(run(imported, [1, 2])).toEqual([[1 + 1.75, -1 + 5]]);
  });

  test('a table is looked up by an input of whole numbers', () => {
    const bytes = message({
      node: [node('Gather', ['w', 'x'], ['y'])],
      initializer: [tensor('w', [3, 2], range(6))],
      input: [value('x', ['N', 2], 'int64')],
      output: [{ name: 'y' }],
    });
    expect(run(fromOnnx(bytes), [2, 0])).toEqual([[5, 6, 1, 2]]);
  });

  test('a hint that does not agree with the file is passed over', () => {
    const nodes = [node('QuantizeLinear', ['x', 's', 'z'], ['q']), node('DequantizeLinear', ['q', 's', 'z'], ['y'])];
    const scaleBy = (hint: string): number | undefined => {
      const graph = { node: nodes, initializer: format, input: [value('x', ['N', 2])], output: [{ name: 'y' }] };
      return fromOnnx(message(graph, 17, { metadataProps: [{ key: 'whittle', value: hint }] })).network.nodes[0]!.format
        ?.scale;
    };
    const near = 0.5 + 2 ** -40;
    expect(scaleBy(JSON.stringify({ scales: [['q', near]] }))).toBe(near);
    for (const hint of [
      JSON.stringify({ scales: [['q', 0.6]] }),
      '{',
      '[]',
      '{"scales":{"q":1}}',
      '{"rules":[["q","multiplier"]]}',
    ])
      expect(scaleBy(hint)).toBe(0.5);
  });
});

describe('refusals', () => {
  const w = tensor('w', [2, 2], range(4));
  const image = [1, 2, 4, 4];
  test.each<readonly [string, Parts, RegExp]>([
    [
      'an operator that is not known',
      [[1, 2], [node('LSTM', ['x'], ['y'])]],
      /\(LSTM\): is an operator that networks here do not have/,
    ],
    ['an attribute that is not known', [[1, 2], [node('Relu', ['x'], ['y'], { slope: 2 })]], /attribute "slope"/],
    ['transA', [[1, 2], [node('Gemm', ['x', 'w'], ['y'], { transA: 1 })], [w]], /transA/],
    ['a product of values', [[1, 2], [node('MatMul', ['x', 'x'], ['y'])]], /as a constant/],
    [
      'a Clip elsewhere',
      [[1, 2], [node('Clip', ['x'], ['y'], { min: -0.5, max: 0.5 })], [], 10],
      /cuts at -0.5 and 0.5/,
    ],
    ['HardSigmoid', [[1, 2], [node('HardSigmoid', ['x'], ['y'])]], /hardSwish/],
    [
      'dilated pools',
      [image, [node('MaxPool', ['x'], ['y'], { kernel_shape: [2, 2], dilations: [2, 2] })]],
      /dilations/,
    ],
    [
      'groups of a transposed convolution',
      [image, [node('ConvTranspose', ['x', 'w'], ['y'], { group: 2 })], [tensor('w', [2, 1, 1, 1], [1, 2])]],
      /groups/,
    ],
    [
      'training',
      [
        image,
        [node('BatchNormalization', ['x', 'a', 'a', 'a', 'a'], ['y'], { training_mode: 1 })],
        [tensor('a', [2], [1, 1])],
      ],
      /training/,
    ],
    [
      'other modes of Pad',
      [image, [node('Pad', ['x'], ['y'], { mode: 'reflect', pads: [0, 0, 1, 1, 0, 0, 1, 1] })], [], 10],
      /mode reflect/,
    ],
    [
      'linear Resize',
      [image, [node('Resize', ['x', '', 's'], ['y'], { mode: 'linear' })], [tensor('s', [4], [1, 1, 2, 2])]],
      /mode linear/,
    ],
    ['a mean of the batch', [image, [node('ReduceMean', ['x'], ['y'])]], /the batch/],
    ['images of three axes', [[1, 1, 2, 2, 2], [node('MaxPool', ['x'], ['y'], { kernel_shape: [1, 1, 1] })]], /5 axes/],
    ['opset 5 where meanings changed', [[1, 2], [node('Relu', ['x'], ['y'])], [], 5], /version 5, and of 6/],
    [
      'a batch of one sample that goes with all other axes of 1',
      [
        [1, 3, 1, 4],
        [node('Squeeze', ['x'], ['a']), node('Softmax', ['a'], ['y'], { axis: 1 })],
      ],
      /a batch of one sample/,
    ],
    [
      'an image that its kernel does not reach',
      [
        [1, 1, 2, 2],
        [node('ConvTranspose', ['x', 'k'], ['y'], { strides: [2, 2], auto_pad: 'SAME_UPPER' })],
        [tensor('k', [1, 1, 1, 1], [1])],
      ],
      /of which runtimes differ/,
    ],
    ['constants alone', [[1, 2], [node('Relu', ['w'], ['y'])], [w]], /constants alone/],
    [
      'scales of channels',
      [[1, 2], [node('QuantizeLinear', ['x', 's'], ['y'])], [tensor('s', [2], [1, 2])]],
      /one for all/,
    ],
  ])('%s', (_, parts, words) => {
    expect(() => read(...parts)).toThrow(words);
  });

  test('outputs that are besides the first are left out, and a note says so', () => {
    const { notes, outputs } = fromOnnx(
      message({
        node: [node('Dropout', ['x'], ['y', 'mask'])],
        input: [value('x', [1, 2])],
        output: [{ name: 'y' }, { name: 'mask' }],
      }),
    );
    expect(outputs).toHaveLength(1);
    expect(notes).toEqual([expect.stringContaining('The output "mask" is left out')]);
  });
});
