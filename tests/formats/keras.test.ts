import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError } from '../../src/base/errors.ts';
import { fromKeras } from '../../src/formats/index.ts';
import { decodeNetwork, encodeNetwork } from '../../src/io/index.ts';
import { type Case, caseOf, cases, floatsOf, type Json, shardsOf } from './keras-models.ts';
import { answers, apart } from './running.ts';

/** How far the network is from what TensorFlow.js answers. */
function distance(each: Case, model: unknown = each.model): number {
  const { network } = fromKeras(JSON.stringify(model), shardsOf(each));
  const given = answers(network, each.inputs.map(floatsOf), 3);
  return Math.max(...each.outputs.map((output, i) => apart(given[i]!, floatsOf(output))));
}

/** The model with each object changed that says how layers go together, or what they are. */
function changed(value: unknown, change: (object: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => changed(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return change(Object.fromEntries(Object.entries(value).map(([field, item]) => [field, changed(item, change)])));
}
const camel = (field: string): string => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** As Keras 3 writes it: tensors as objects that know where they come from, and other names of fields. */
const asKeras3 = (model: unknown): unknown =>
  changed(model, (object) => {
    const { inbound_nodes: calls, batch_input_shape: shape, input_layers: inputs, ...rest } = object;
    const tensor = (history: unknown): Json => ({
      class_name: '__keras_tensor__',
      config: { shape: [null], dtype: 'float32', keras_history: (history as unknown[]).slice(0, 3) },
    });
    const one = Array.isArray(inputs) && inputs.length === 1 ? inputs[0] : inputs;
    return {
      ...rest,
      ...(inputs !== undefined && { input_layers: one }),
      ...(shape !== undefined && { [rest.sparse === undefined ? 'batch_input_shape' : 'batch_shape']: shape }),
      ...(rest.class_name !== undefined && { module: 'keras.layers', registered_name: null }),
      ...(rest.class_name === 'Model' && { class_name: 'Functional' }),
      ...(typeof rest.alpha === 'number' && { alpha: undefined, negative_slope: rest.alpha }),
      ...(Array.isArray(calls) && {
        inbound_nodes: (calls as unknown[][]).map((call) => ({
          args: call.length > 1 ? [call.map(tensor)] : [tensor(call[0])],
          kwargs: { mask: null },
        })),
      }),
    };
  });

describe('fromKeras', () => {
  test('takes each kind of layer once at least', () => {
    const found = new Set([...JSON.stringify(cases).matchAll(/"class_name":"(\w+)"/g)].map(([, name]) => name));
    expect(cases.length).toBeGreaterThan(45);
    expect(found.size).toBeGreaterThan(38);
  });

  test.each(cases)('answers as TensorFlow.js: $name', (each) => {
    expect(distance(each)).toBeLessThan(2e-6);
    const { network, inputs, outputs } = fromKeras(JSON.stringify(each.model), shardsOf(each));
    expect(inputs.map(({ shape }) => shape.slice(1))).toEqual(each.inputs.map(({ shape }) => shape.slice(1)));
    expect(outputs.map(({ shape }) => shape.slice(1))).toEqual(each.outputs.map(({ shape }) => shape.slice(1)));
    expect(encodeNetwork(decodeNetwork(encodeNetwork(network)).network)).toEqual(encodeNetwork(network));
  });

  test.each(cases)('and as Keras 3 writes it: $name', (each) => {
    expect(distance(each, asKeras3(each.model))).toBeLessThan(2e-6);
  });

  test.each(cases)('and with names in the form of JavaScript: $name', (each) => {
    const model = changed(each.model, (object) =>
      Object.fromEntries(Object.entries(object).map(([field, value]) => [camel(field), value])),
    );
    expect(distance(each, model)).toBeLessThan(2e-6);
  });

  test('and as the converter of Python writes it, with names of other styles', () => {
    for (const each of cases) {
      const { modelTopology, weightsManifest } = each.model;
      for (const rename of [
        (name: string) => `outer/${name}:0`,
        (name: string) => name.replace('/', '/cell/'), // of no layer's name: by order
      ]) {
        const model = {
          modelTopology: { keras_version: '2.15.0', model_config: modelTopology, training_config: { loss: 'mse' } },
          weightsManifest: changed(weightsManifest, (object) =>
            typeof object.name === 'string' ? { ...object, name: rename(object.name) } : object,
          ),
        };
        expect(distance(each, model), each.name).toBeLessThan(2e-6);
      }
    }
  });

  test('bytes are as good as text, and what is only for training is noted', () => {
    const each = caseOf('a small image network');
    const bytes = new TextEncoder().encode(JSON.stringify(each.model));
    const { network, inputs, outputs, notes } = fromKeras(bytes, shardsOf(each));
    expect(inputs).toEqual(
      [
        {
          value: 'conv2d_Conv2D20_input',
          name: 'conv2d_Conv2D20_input',
          shape: [null, 8, 8, 1],
          axes: [0, 1, 2, 3],
          dtype: 'float32',
          format: null,
        },
      ].map((port) => ({ ...port, value: network.inputs[0]!.name, name: network.inputs[0]!.name })),
    );
    expect(outputs.map(({ shape, axes }) => [shape, axes])).toEqual([
      [
        [null, 10],
        [0, 1],
      ],
    ]);
    expect(notes).toEqual([expect.stringMatching(/^Regularizers and constraints are left out: of conv2d/)]);
  });

  test('a layer that is called three times has its weights once', () => {
    const each = caseOf('a layer three times');
    const { network } = fromKeras(JSON.stringify(each.model), shardsOf(each));
    expect([...network.weights.keys()]).toEqual(['shared/kernel', 'shared/bias']);
    expect(network.nodes.map(({ name }) => name)).toEqual([
      'shared',
      'shared_1',
      'shared_2',
      expect.stringMatching('add'),
    ]);
  });

  test('what acts in training alone is there to train with', () => {
    const each = caseOf('noise of all kinds');
    const { network } = fromKeras(JSON.stringify(each.model), shardsOf(each));
    expect(network.nodes.map(({ attrs }) => attrs)).toEqual([
      { rate: 1, training: false, noise: 'added', deviation: 0.5 },
      { rate: 0.2, training: false, noise: 'factor' },
      { rate: 0.2, training: false, noise: 'alpha' },
      { rate: 0.5, training: false, noiseShape: [1, 2, 2] },
    ]);
  });
});

const layer = (class_name: string, config: Json = {}): Json => ({
  class_name,
  config: { name: class_name, ...config },
});
const inputOf = (...shape: (number | null)[]): Json => ({
  class_name: 'InputLayer',
  config: { name: 'x', batch_shape: [null, ...shape] },
});

/** A model of layers in a row, whose weights are all 1. */
function row(
  shape: readonly (number | null)[],
  layers: readonly Json[],
  weights: Readonly<Record<string, readonly number[]>> = {},
) {
  const specs = Object.entries(weights).map(([name, shape]) => ({ name, shape, dtype: 'float32' }));
  const n = Object.values(weights).reduce((sum, each) => sum + each.reduce((a, b) => a * b, 1), 0);
  const model = {
    modelTopology: { class_name: 'Sequential', config: { layers: [inputOf(...shape), ...layers] } },
    weightsManifest: [{ paths: ['w'], weights: specs }],
  };
  return { json: JSON.stringify(model), shards: new Map([['w', new Uint8Array(new Float32Array(n).fill(1).buffer)]]) };
}
const read = (made: ReturnType<typeof row>) => fromKeras(made.json, made.shards);
const run = (made: ReturnType<typeof row>, x: readonly number[]): number[] => [
  ...answers(read(made).network, [Float32Array.from(x)], 1)[0]!,
];

describe('what TensorFlow.js does not have is', () => {
  test('padding before a sequence alone', () => {
    const conv = layer('Conv1D', {
      filters: 1,
      kernel_size: 2,
      dilation_rate: [2],
      padding: 'causal',
      use_bias: false,
    });
    expect(run(row([4, 1], [conv], { 'Conv1D/kernel': [2, 1, 1] }), [1, 2, 3, 4])).toEqual([1, 2, 4, 6]);
  });

  test('convolutions in groups', () => {
    const conv = layer('Conv2D', { filters: 2, kernel_size: 1, groups: 2, use_bias: false });
    expect(run(row([1, 1, 4], [conv], { 'Conv2D/kernel': [1, 1, 2, 2] }), [1, 2, 3, 4])).toEqual([3, 7]);
  });

  test('zeros around and copies of sequences, pools that keep their axes, a shape that is found out', () => {
    expect(run(row([2, 1], [layer('ZeroPadding1D', { padding: [0, 2] })]), [1, 2])).toEqual([1, 2, 0, 0]);
    expect(run(row([2, 1], [layer('ZeroPadding1D', { padding: 1 })]), [1, 2])).toEqual([0, 1, 2, 0]);
    expect(run(row([2, 1], [layer('UpSampling1D')]), [1, 2])).toEqual([1, 1, 2, 2]);
    const pool = read(row([2, 3, 1], [layer('GlobalAveragePooling2D', { keepdims: true })]));
    expect(pool.outputs[0]!.shape).toEqual([null, 1, 1, 1]);
    expect(run(row([2, 1], [layer('Reshape', { target_shape: [-1] })]), [1, 2])).toEqual([1, 2]);
    expect(read(row([2, 3], [layer('Reshape', { target_shape: [2, -1] })])).network.nodes).toEqual([]);
  });

  test.each([
    ['leaky_relu', -0.2],
    ['hard_silu', -1 / 3],
    ['hard_swish', -1 / 3],
    ['silu', -0.2689414],
    ['swish', -0.2689414],
    ['log_softmax', 0],
    ['exponential', 0.3678794],
  ])('the activation %s', (activation, wanted) => {
    for (const given of [activation, { class_name: 'function', config: activation, registered_name: 'function' }])
      expect(apart(run(row([1], [layer('Activation', { activation: given })]), [-1]), [wanted])).toBeLessThan(1e-6);
  });

  test('slopes of ReLU, ELU and LeakyReLU', () => {
    expect(apart(run(row([1], [layer('ReLU', { negative_slope: 0.5 })]), [-1]), [-0.5])).toBe(0);
    expect(apart(run(row([1], [layer('LeakyReLU', { negative_slope: 0.25 })]), [-1]), [-0.25])).toBe(0);
    expect(apart(run(row([1], [layer('LeakyReLU')]), [-1]), [-0.3])).toBeLessThan(1e-7);
    expect(apart(run(row([1], [layer('ELU', { alpha: 0.5 })]), [-1]), [-0.31606028])).toBeLessThan(1e-7);
  });

  test('the kernel of a DepthwiseConv2D of Keras 3, which is called kernel', () => {
    const conv = layer('DepthwiseConv2D', { kernel_size: 1, use_bias: false });
    for (const name of ['kernel', 'depthwise_kernel'])
      expect(run(row([1, 1, 2], [conv], { [`DepthwiseConv2D/${name}`]: [1, 1, 2, 1] }), [3, 4])).toEqual([3, 4]);
  });

  test('weights that no layer reads when it runs, those of an optimizer and of generators', () => {
    const dense = layer('Dense', { units: 1, use_bias: false });
    const made = row([1], [dense], { 'dropout/seed_generator_state': [2], 'Dense/kernel': [1, 1], 'Adam/m': [3] });
    const json = made.json.replace('"name":"Adam/m"', '"name":"Adam/m","group":"optimizer"');
    expect(fromKeras(json, made.shards).network.weights.size).toBe(1);
  });

  test('a layer told to act in training at all times', () => {
    const model = (name: string, config: Json): string => {
      const call = [[['x', 0, 0, { training: true }]]];
      const layers = [
        { ...inputOf(2), name: 'x', inbound_nodes: [] },
        { ...layer(name, config), name, inbound_nodes: call },
      ];
      return JSON.stringify({
        class_name: 'Functional',
        config: { layers, input_layers: ['x', 0, 0], output_layers: [[name, 0, 0]] },
      });
    };
    const { network } = fromKeras(model('Dropout', { rate: 0.5 }), new Map());
    expect(network.nodes[0]!.attrs).toEqual({ rate: 0.5, training: true });
  });
});

const dense = layer('Dense', { units: 2 });
const weights = { 'Dense/kernel': [3, 2], 'Dense/bias': [2] };
const image = [4, 4, 2] as const;

describe('refuses by name', () => {
  test.each([
    [
      'a layer that networks do not have',
      row([3, 2], [layer('LSTM', { units: 2 })]),
      /class_name: "LSTM" is a LSTM, which networks here/,
    ],
    ['a layer of the prototype', row([3], [layer('constructor')]), /is a constructor, which networks here do not have/],
    [
      "a layer of somebody's own",
      row([3], [{ ...dense, registered_name: 'Mine>Dense' }], weights),
      /"Mine>Dense".*code/,
    ],
    ['an activation', row([3], [layer('Dense', { units: 2, activation: 'selu' })], weights), /activation: is "selu"/],
    ['an activation of the prototype', row([3], [layer('Activation', { activation: '__proto__' })]), /"__proto__"/],
    [
      'channels first',
      row(image, [layer('Conv2D', { filters: 1, kernel_size: 1, data_format: 'channels_first' })], {
        'Conv2D/kernel': [1, 1, 2, 1],
        'Conv2D/bias': [1],
      }),
      /build the model with channels_last/,
    ],
    ['channels first of a flatten', row(image, [layer('Flatten', { data_format: 'channels_first' })]), /channels_last/],
    ['an open axis', row([null, 3], [dense], weights), /batch_shape: has an axis of unknown length/],
    ['another axis of a softmax', row([3, 2], [layer('Softmax', { axis: 1 })]), /axis: must be the last/],
    [
      'several axes of a normalization',
      row([3, 2], [layer('LayerNormalization', { axis: [1, 2], scale: false, center: false })]),
      /axis/,
    ],
    [
      'another shape',
      row([4], [layer('Reshape', { target_shape: [2, 2] })]),
      /makes \[2, 2\] of \[4\]: networks here only flatten/,
    ],
    [
      'another interpolation',
      row(image, [layer('UpSampling2D', { interpolation: 'bilinear' })]),
      /must be nearest, got "bilinear"/,
    ],
    [
      'masks',
      row([3], [layer('Embedding', { input_dim: 4, output_dim: 2, mask_zero: true })], {
        'Embedding/embeddings': [4, 2],
      }),
      /mask_zero/,
    ],
    ['other limits of a ReLU', row([3], [layer('ReLU', { max_value: 5 })]), /max_value: must be 6 or null/],
    ['thresholds', row([3], [layer('ReLU', { threshold: 1 })]), /threshold/],
    [
      'dilated transposed convolutions',
      row(image, [layer('Conv2DTranspose', { filters: 1, kernel_size: 2, dilation_rate: 2, use_bias: false })], {
        'Conv2DTranspose/kernel': [2, 2, 1, 2],
      }),
      /dilation_rate/,
    ],
    ['odd padding', row(image, [layer('MaxPooling2D', { padding: 'causal' })]), /must be same or valid, got "causal"/],
    [
      'dropout of a batch',
      row([3], [layer('Dropout', { rate: 0.5, noise_shape: [1, 3] })]),
      /noise_shape: must begin with null/,
    ],
    ['missing weights', row([3], [dense]), /no weights for the layers "Dense" \(kernel, bias\)/],
    ['weights too many', row([3], [dense], { ...weights, 'other/kernel': [1] }), /no layer reads "other\/kernel"/],
    ['a weight twice', row([3], [dense], { ...weights, 'Dense/bias:0': [2] }), /is there twice/],
    [
      'weights of another shape',
      row([3], [dense], { ...weights, 'Dense/kernel': [2, 3] }),
      /has the shape \[2, 3\], and its layer needs \[3, 2\]/,
    ],
    ['nothing to read', { json: '{}', shards: new Map() }, /class_name: is missing/],
    ['no JSON', { json: '{', shards: new Map() }, /model.json: expected a key/],
    ['a list', { json: '[]', shards: new Map() }, /must be an object/],
    ['a key twice', { json: '{"a":1,"a":1}', shards: new Map() }, /comes twice/],
    ['a million brackets', { json: '['.repeat(1e6), shards: new Map() }, /levels of nesting/],
    [
      'a graph model',
      { json: '{"format":"graph-model","modelTopology":{"node":[]}}', shards: new Map() },
      /python -m tf2onnx.convert --tfjs/,
    ],
    ['a graph without a format', { json: '{"modelTopology":{"node":[]}}', shards: new Map() }, /tf2onnx/],
    ['no model of layers', { json: '{"class_name":"Lambda","config":{}}', shards: new Map() }, /no model of layers/],
    [
      'a model without layers',
      { json: '{"class_name":"Sequential","config":{"layers":[]}}', shards: new Map() },
      /layers: has none/,
    ],
  ] as [string, ReturnType<typeof row>, RegExp][])('%s', (_, { json, shards }, told) => {
    expect(() => fromKeras(json, shards)).toThrow(told);
    expect(() => fromKeras(json, shards)).toThrow(FormatError);
  });

  test.each(['../w', '/etc/passwd', 'a/b', 'C:\\w', 'C:w', 'file:w', 'http://h/w', '..', '.', '', 'w\0', 'w\n'])(
    'a path that is no plain name: %j',
    (path) => {
      const { json } = row([3], [dense], weights);
      const named = json.replace('"paths":["w"]', `"paths":[${JSON.stringify(path)}]`);
      expect(() => fromKeras(named, new Map([[path, new Uint8Array(32)]]))).toThrow(
        /plain name of a file beside model.json/,
      );
    },
  );

  test('files that are not there, or hold other numbers of bytes', () => {
    const { json, shards } = row([3], [dense], weights);
    expect(() => fromKeras(json, new Map())).toThrow(/the file "w" was not given/);
    expect(() => fromKeras(json, new Map([['w', shards.get('w')!.subarray(1)]]))).toThrow(
      /needs 8 bytes, and 7 are left in the files of its group/,
    );
    expect(() => fromKeras(json, new Map([['w', new Uint8Array(33)]]))).toThrow(
      /take 32 bytes, and their files hold 33/,
    );
    expect(() => fromKeras(json.replace('[3,2]', '[3000000,200]'), shards)).toThrow(/needs 2400000000 bytes/);
    expect(() => fromKeras(json.replace('"float32"', '"string"'), shards)).toThrow(/dtype: is "string"/);
    expect(() => fromKeras(json.replace('"dtype":"float32"', '"dtype":"int32"'), shards)).toThrow(/must be float32/);
  });

  test('arguments of another kind', () => {
    const { json, shards } = row([3], [dense], weights);
    expect(() => fromKeras(JSON.parse(json), shards)).toThrow(ValueError);
    expect(() => fromKeras(json, Object.fromEntries(shards) as unknown as Map<string, Uint8Array>)).toThrow(
      /a Map of file names/,
    );
    expect(() => fromKeras(json, new Map([['w', [1] as unknown as Uint8Array]]))).toThrow(FormatError);
    expect(() => fromKeras(Uint8Array.of(0xff), shards)).toThrow(/UTF-8/);
  });

  test('layers that wait for each other, and references to nothing', () => {
    const functional = (from: readonly unknown[], output: readonly unknown[] = ['b', 0, 0]): string => {
      const layers = [
        { ...inputOf(2), name: 'x', inbound_nodes: [] },
        { class_name: 'Add', config: { name: 'a' }, inbound_nodes: [from] },
        { class_name: 'ReLU', config: { name: 'b' }, inbound_nodes: [[['a', 0, 0]]] },
      ];
      return JSON.stringify({
        class_name: 'Model',
        config: { layers, input_layers: [['x', 0, 0]], output_layers: [output] },
      });
    };
    expect(
      answers(
        fromKeras(
          functional([
            ['x', 0, 0],
            ['x', 0, 0],
          ]),
          new Map(),
        ).network,
        [Float32Array.of(1, -2)],
        1,
      ),
    ).toEqual([Float32Array.of(2, 0)]);
    for (const [json, told] of [
      [
        functional([
          ['b', 0, 0],
          ['x', 0, 0],
        ]),
        /waits for what it makes itself/,
      ],
      [functional([['a', 0, 0]]), /waits for what it makes itself/],
      [
        functional([
          ['nobody', 0, 0],
          ['x', 0, 0],
        ]),
        /there is no layer "nobody"/,
      ],
      [
        functional([
          ['__proto__', 0, 0],
          ['x', 0, 0],
        ]),
        /there is no layer "__proto__"/,
      ],
      [
        functional([
          ['x', 1, 0],
          ['x', 0, 0],
        ]),
        /has no call 1/,
      ],
      [
        functional([
          ['x', 0, 1],
          ['x', 0, 0],
        ]),
        /has no result 1/,
      ],
      [
        functional(
          [
            ['x', 0, 0],
            ['x', 0, 0],
          ],
          ['c', 0, 0],
        ),
        /there is no layer "c"/,
      ],
      [functional([['x', -1, 0]]), /must be references/],
      [functional([]), /reads nothing/],
    ] as const)
      expect(() => fromKeras(json, new Map())).toThrow(told);
  });

  test('models inside models that are far more than they seem', () => {
    let inner: Json = layer('ReLU');
    for (let depth = 0; depth < 12; depth++) {
      const name = `m${depth}`;
      const layers = [
        { class_name: 'InputLayer', config: { name: 'x', batch_shape: [null, 2] }, inbound_nodes: [] },
        {
          ...inner,
          name: (inner.config as Json).name,
          inbound_nodes: Array.from({ length: 9 }, (_, i) => [
            i === 0 ? ['x', 0, 0] : [(inner.config as Json).name, i - 1, 0],
          ]),
        },
      ];
      inner = {
        class_name: 'Functional',
        config: { name, layers, input_layers: [['x', 0, 0]], output_layers: [[(inner.config as Json).name, 8, 0]] },
      };
    }
    expect(() => fromKeras(JSON.stringify(inner), new Map())).toThrow(LimitError);
  });

  test('ten thousand layers of one name take no time', () => {
    const calls = Array.from({ length: 9000 }, (_, i) => [[i === 0 ? 'x' : 'r', Math.max(0, i - 1), 0]]);
    const layers = [
      { ...inputOf(2), name: 'x', inbound_nodes: [] },
      { class_name: 'ReLU', config: { name: 'r' }, inbound_nodes: calls },
    ];
    const json = JSON.stringify({
      class_name: 'Model',
      config: { layers, input_layers: [['x', 0, 0]], output_layers: [['r', 8999, 0]] },
    });
    expect(fromKeras(json, new Map()).network.nodes.length).toBe(9000);
  });
});
