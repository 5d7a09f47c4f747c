import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Conv2D,
  Dense,
  DepthwiseConv2D,
  encodeNetwork,
  Flatten,
  ones,
  predictNetwork,
  quantize,
  Sequential,
  toNetwork,
} from 'whittle-ml';
import { encodeNpy, encodeNpz, toOnnx, toTflite } from 'whittle-ml/formats';
import { decodeNetwork, encodeSafetensors } from 'whittle-ml/io';
import { message, node, tensor, value } from '../formats/onnx-files.ts';
import { fruitModel } from './fixture-models.ts';
import { whittle } from './run.ts';

const layers = [
  new Conv2D(4, 3, { activation: 'relu', inputShape: [6, 5, 2], name: 'conv' }),
  new Flatten({ name: 'flat' }),
  new Dense(3, { activation: 'softmax', name: 'out' }),
];
const network = toNetwork(new Sequential(layers, { seed: 1 }));
const int8 = quantize(network, { calibration: ones([4, 6, 5, 2]) });
/** The same with the integers of its images as what comes out. */
const ended: typeof network = {
  ...int8,
  nodes: [
    ...int8.nodes.filter(({ name }) => name !== 'out'),
    { name: 'real', op: 'dequantize', inputs: ['flat'], weights: {}, attrs: {}, format: null },
  ],
  outputs: ['real'],
  weights: new Map([...int8.weights].filter(([key]) => !key.startsWith('out/'))),
};
const array = { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } as const;

/** What a file leaves to whoever reads it: the width of its input, and a weight. */
const open = message({
  node: [node('MatMul', ['x', 'w'], ['y'])],
  input: [value('x', ['N', 'wide']), value('w', [2, 1])],
  output: [{ name: 'y' }],
});
/** An input of uint8, as quantizers of other programs write it. */
const uint8 = message({
  node: [node('DequantizeLinear', ['q', 's', 'z'], ['x']), node('Relu', ['x'], ['y'])],
  initializer: [tensor('s', [], [0.5]), tensor('z', [], [28], 'uint8')],
  input: [value('q', ['N', 3], 'uint8')],
  output: [{ name: 'y' }],
});

let folder = '';
const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-inspect-'));
  write('own.safetensors', encodeNetwork(network));
  write('own.onnx', toOnnx(network));
  write('own.tflite', toTflite(network));
  write('first.onnx', toOnnx(network, { layout: 'first' }));
  write('int8.onnx', toOnnx(int8));
  write('int8.tflite', toTflite(ended));
  write('kinds.safetensors', fruitModel({ target: 'kind' }));
  write('arrays.npz', encodeNpz(new Map([['a', array]])));
  write('array.npy', encodeNpy(array));
  write('tensors.safetensors', encodeSafetensors(new Map([['t', array]])));
  write('model.h5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a));
  write('cut.onnx', toOnnx(network).slice(0, -100));
  write('empty.onnx', '');
  write('text.onnx', 'Once upon a time');
  write('open.onnx', open);
  write('w.npy', encodeNpy({ dtype: 'I64', shape: [2, 1], data: BigInt64Array.of(10n, 1n) }));
  write('half.npy', encodeNpy({ dtype: 'F16', shape: [1], data: Uint16Array.of(0) }));
  write('uint8.onnx', uint8);
  write('cut.npz', encodeNpz(new Map([['a', array]])).slice(0, -30));
  const layer = { class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 2] } };
  const modelTopology = { class_name: 'Sequential', config: { layers: [layer] } };
  write('model.json', JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['gone.bin'], weights: [] }] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function done(...args: readonly string[]): Promise<string> {
  const { code, err, out } = await whittle(folder, args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** The cells of the lines of nodes. */
const rowsOf = (out: string): string[][] =>
  out.split('\n').flatMap((line) => {
    const cells = line.trim().split(/ {2,}/);
    return cells.length === 9 && /^\d+$/.test(cells[0]!) ? [cells] : [];
  });
const rowOf = (out: string, name: string): string[] => rowsOf(out).find((cells) => cells[1] === name)!;
const widthOf = (out: string): number => Math.max(...out.split('\n').map((line) => line.length));

/** Layers as TensorFlow Lite calls those that it has fused, and ONNX those of modules in modules. */
const NAMES = {
  tflite: (name: string) =>
    `model/${name}/Relu;model/${name}_norm/FusedBatchNormV3;model/${name}_conv/BiasAdd/ReadVariableOp`,
  onnx: (name: string) => `/backbone/stages.2/blocks.11/${name}/depthwise/Conv_output_0_quantized`,
};
/** A network whose lines are long: many layers, channels and multiply-adds, in int8. */
function deep(nameOf: (name: string) => string): typeof network {
  const blocks = Array.from({ length: 20 }, (_, i) => [
    new DepthwiseConv2D(3, { activation: 'relu', padding: 'same', name: nameOf(`depthwise_${i}`) }),
    new Conv2D(128, 1, { activation: 'relu', name: nameOf(`pointwise_${i}`) }),
  ]);
  const first = new Conv2D(128, 3, { padding: 'same', inputShape: [12, 12, 3], name: nameOf('first') });
  const model = new Sequential([first, ...blocks.flat(), new Flatten(), new Dense(10, { name: 'Identity' })], {
    seed: 1,
  });
  return quantize(model, { calibration: ones([2, 12, 12, 3]) });
}

describe('inspect', () => {
  test.each(['own.safetensors', 'own.onnx', 'own.tflite'])('prints %s as one line a node', async (name) => {
    const out = await done('inspect', name);
    const size = readFileSync(join(folder, name)).length.toLocaleString('en-US');
    expect(out.split('\n')[0]).toMatch(new RegExp(`^${name}: an? .*, ${size} bytes$`));
    expect(rowOf(out, 'conv').slice(2)).toEqual([...['conv, relu', '1', '[4,3,4]', 'float32', '76', '304', '864']]);
    expect(rowOf(out, 'out').slice(2)).toEqual([...['dense, softmax', '3', '[3]', 'float32', '147', '588', '144']]);
    expect(out).toContain('\nIn all 223 parameters, 892 bytes and 1,008 multiply-adds a sample.\n');
    expect(out).not.toContain('Short');
  });

  test('prints which values and weights are integers', async () => {
    const out = await done('inspect', 'int8.tflite');
    expect(rowOf(out, 'conv').slice(4, 6)).toEqual(['[4,3,4] int8', 'int8']);
    expect(out).toMatch(/\noutput +real +\[1, 48\] +int8, [\d.]+·/);
  });

  test.each(['tflite', 'onnx'] as const)(
    'prints a deep network of %s in 100 columns, its nodes told apart',
    async (kind) => {
      write('deep.safetensors', encodeNetwork(deep(NAMES[kind])));
      const out = await done('inspect', 'deep.safetensors');
      const rows = rowsOf(out);
      expect(widthOf(out)).toBeLessThanOrEqual(100);
      expect(rows.length).toBeGreaterThan(40);
      expect(new Set(rows.map(([, name]) => name)).size).toBe(rows.length);
      expect(out.split('\nShort names, in full with --wide\n')[1]).toBe(
        {
          tflite: '- without model/ and /Relu\n- one part of those with ; between parts\n',
          onnx: '- without /backbone/stages.2/blocks.11/ and /depthwise/Conv_output_0_quantized\n',
        }[kind],
      );
      expect(rows.find(([, , operation]) => operation === 'depthwise, relu')).toBeDefined();
      expect(rows.map((row) => row[8])).toContain('2.36 M');
      const wide = rowsOf(await done('inspect', 'deep.safetensors', '--wide'));
      expect(wide.map(([, name]) => name)).toContain(NAMES[kind]('pointwise_3'));
      expect(wide.map((row) => row[8])).toContain('2,359,296');
    },
  );

  test('cuts long names of inputs, outputs and arrays in the middle', async () => {
    const name = `model/${'part/'.repeat(30)}end`;
    const long = new Sequential([new Dense(3, { inputShape: [2], name })]);
    write('long.onnx', toOnnx(toNetwork(long)));
    write('long.npz', encodeNpz(new Map([[name, array]])));
    for (const file of ['long.onnx', 'long.npz']) {
      const out = await done('inspect', file);
      expect(widthOf(out)).toBeLessThanOrEqual(100);
      expect(out).toMatch(/model\/part\/.*….*part\/end {2}/);
      expect(await done('inspect', file, '--wide')).toContain(`${name}  `);
    }
  });

  test.each([
    ['arrays.npz', 'a'],
    ['array.npy', 'array.npy'],
    ['tensors.safetensors', 't'],
  ])('prints the arrays of %s', async (name, array) => {
    const out = await done('inspect', name);
    const line = out.split('\n').find((line) => line.includes('F32'))!;
    expect(line.split(/ {2,}/)).toEqual([array, 'F32', '[2, 3]', '24']);
  });

  test.each([
    ['model.h5', /^whittle: model\.h5: the file is an HDF5 file.*tensorflowjs_converter/],
    ['cut.onnx', /^whittle: cut\.onnx: onnx: /],
    ['cut.npz', /^whittle: cut\.npz: zip: .*cut off/],
    ['model.json', /^whittle: model\.json: its weights are in gone\.bin, .* no such file/],
    ['none', /no such file/],
    ['empty.onnx', /^whittle: empty\.onnx: the file is empty$/m],
    ['text.onnx', /^whittle: text\.onnx: onnx: .* not an ONNX model in spite of its name$/m],
  ])('%s is refused in one line', async (name, words) => {
    const { code, err, out } = await whittle(folder, ['inspect', name]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('what a file leaves open', () => {
  const GIVEN = ['--size', 'wide=2', '--constant', 'w=w.npy'];

  test('is given by --size and --constant, to inspect and to export', async () => {
    expect(rowOf(await done('inspect', 'open.onnx', ...GIVEN), 'y').slice(2, 5)).toEqual(['dense', '1', '[1]']);
    await done('export', 'open.onnx', '--out', 'open/m.safetensors', ...GIVEN);
    const { network } = decodeNetwork(readFileSync(join(folder, 'open/m.safetensors')));
    expect(predictNetwork(network, [[1, 2]]).toArray()).toEqual([[12]]);
  });

  test('and by --rule, where sums of TFLite become int8', async () => {
    const nodesBy = async (...args: readonly string[]): Promise<unknown> => {
      await done('export', 'int8.tflite', '--out', 'rule/m.safetensors', ...args);
      return decodeNetwork(readFileSync(join(folder, 'rule/m.safetensors'))).network.nodes;
    };
    const byFile = await nodesBy();
    expect(await nodesBy('--rule', 'float')).not.toEqual(byFile);
  });

  test.each([
    ['a size that is not given', ['open.onnx'], /"wide"\): give it with --size <name>=<number>$/m],
    ['a constant that is not given', ['open.onnx', '--size', 'wide=2'], /with --constant <name>=<number or file\.npy>/],
    ['a constant of another name', ['own.onnx', '--constant', 'v=1'], /own\.onnx: --constant must be names of inputs/],
    ['a size without a number', ['open.onnx', '--size', 'wide'], /--size.* a name and a whole number above 0/],
    ['a size of nothing', ['open.onnx', '--size', 'wide=0'], /--size.* a name and a whole number above 0/],
    ['a size that is too large', ['open.onnx', '--size', 'wide=2147483648'], /a whole number above 0/],
    ['a size twice', ['open.onnx', '--size', 'wide=2', '--size', 'wide=3'], /"wide" is given twice/],
    [
      'a constant of no file',
      ['open.onnx', '--constant', 'w=gone.npy'],
      /w=gone\.npy: it is no number, and .* no such file/,
    ],
    [
      'a constant of another file',
      ['open.onnx', '--constant', 'w=arrays.npz'],
      /or a file that numpy\.save has written/,
    ],
    ['a constant in halves', ['open.onnx', '--constant', 'w=half.npy'], /half\.npy: .*float16: numpy\.save\(/],
    ['a constant without a value', ['open.onnx', '--constant', 'w='], /--constant.* a number or a file of NumPy/],
    ['another rule', ['int8.tflite', '--rule', 'nearest'], /--rule.*multiplier, float/],
    [
      'a size of TFLite',
      ['int8.tflite', '--size', 'a=1'],
      /^whittle: --size is for ONNX models, and int8\.tflite is a TensorFlow Lite model: leave it out$/m,
    ],
    [
      'a rule of ONNX',
      ['own.onnx', '--rule', 'float'],
      /--rule is for TensorFlow Lite models, and own\.onnx is an ONNX model/,
    ],
    ['a constant of a network of a run', ['kinds.safetensors', '--constant', 'a=1'], /--constant is for ONNX models/],
  ])('%s is refused in one line', async (_, args, words) => {
    for (const command of [['inspect'], ['export', '--out', 'refused/m.mjs']]) {
      const { code, err, out } = await whittle(folder, [...command, ...args]);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(words);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });

  test('an array has none of these options', async () => {
    const { code, err } = await whittle(folder, ['inspect', 'array.npy', '--size', 'a=1']);
    expect(code).toBe(2);
    expect(err).toMatch(/--size is for ONNX models, and array\.npy is a NumPy array/);
  });
});

describe('export', () => {
  test.each(['onnx', 'tflite', 'safetensors'])('writes %s, and reads it for any other form', async (form) => {
    await done('export', 'int8.onnx', '--out', `again/${form}.${form}`);
    await done('export', `again/${form}.${form}`, '--as', 'safetensors', '--out', `again/${form}/`);
    const again = decodeNetwork(readFileSync(join(folder, `again/${form}/${form}.safetensors`))).network;
    const plain = ({ nodes }: typeof network) => nodes.map(({ op, format }) => [op, format]);
    expect(plain(again)).toEqual(plain(int8));
    expect(await done('export', `again/${form}.${form}`, '--out', 'again/m.mjs')).toContain('self-test passes');
    expect(await done('export', `again/${form}.${form}`, '--out', 'again/m.c')).toContain('m_self_test()');
  });

  test('says where what is written has its channels elsewhere than the file', async () => {
    expect(await done('export', 'first.onnx', '--out', 'first/m.tflite')).toMatch(
      /\nNote: input is \[\?, 6, 5, 2\] in what is written, its channels last, and \[\?, 2, 6, 5\] in the file\.\n/,
    );
    expect(await done('export', 'own.onnx', '--out', 'first/m.tflite')).not.toContain('Note');
  });

  test('says what stands for integers of the file where what is written has real numbers', async () => {
    const note =
      /\nNote: real gives real numbers in what is written, and int8 in the file, whose q stands for [\d.]+·\(q [-+] \d+\) \(scale [\d.]+, zero point -?\d+\)\.\n/;
    for (const form of ['c', 'mjs', 'onnx'])
      expect(await done('export', 'int8.tflite', '--out', `whole/m.${form}`)).toMatch(note);
    const said =
      'Note: q takes real numbers in what is written, and uint8 in the file, whose q stands for 0.5·(q - 28) (scale 0.5, zero point 28).\n';
    expect(await done('export', 'uint8.onnx', '--out', 'whole/u.mjs')).toContain(said);
    expect(await done('export', 'uint8.onnx', '--out', 'whole/u.c', '--int8-inputs')).toContain(
      'Note: q takes int8 in what is written, 128 less than those of the file, whose uint8 q stands for 0.5·(q - 28) (scale 0.5, zero point 28).\n',
    );
  });

  test('writes the network of a run without its encoder', async () => {
    await done('export', 'kinds.safetensors', '--as', 'onnx', '--out', 'run/');
    expect(await done('inspect', 'run/kinds.onnx')).toContain('dense');
  });

  test.each([
    ['arrays', ['tensors.safetensors'], /holds no network/],
    ['nothing', ['empty.onnx'], /empty\.onnx: the file is empty/],
    ['HDF5', ['model.h5'], /HDF5/],
    ['a file that is cut', ['cut.onnx'], /cut\.onnx: onnx: /],
    ['an option of modules', ['own.onnx', '--as', 'tflite', '--readable'], /--readable is of modules/],
    ['an option of C', ['own.onnx', '--as', 'tflite', '--plain'], /--plain needs --as c/],
    ['the file that is read', ['own.onnx', '--as', 'onnx'], /own\.onnx is the file that is read/],
  ])('%s is refused in one line, and nothing is written', async (_, args, words) => {
    const { code, err, out } = await whittle(folder, ['export', ...args]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
