import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Conv2D, Dense, encodeNetwork, Flatten, ones, quantize, Sequential, toNetwork } from 'whittle-ml';
import { encodeNpy, encodeNpz, toOnnx, toTflite } from 'whittle-ml/formats';
import { decodeNetwork, encodeSafetensors } from 'whittle-ml/io';
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

/** The cells of the line of a node. */
const rowOf = (out: string, name: string): string[] =>
  out
    .split('\n')
    .map((line) => line.split('│').map((cell) => cell.trim()))
    .find((cells) => cells.length > 8 && cells[2] === name)!;

describe('inspect', () => {
  test.each(['own.safetensors', 'own.onnx', 'own.tflite'])('prints %s as one line a node', async (name) => {
    const out = await done('inspect', name);
    const size = readFileSync(join(folder, name)).length.toLocaleString('en-US');
    expect(out.split('\n')[0]).toMatch(new RegExp(`^${name}: an? .*, ${size} bytes$`));
    expect(rowOf(out, 'conv').slice(3, -1)).toEqual([
      'conv, relu',
      '1',
      '[4, 3, 4]',
      'float32',
      'float32',
      '76',
      '304',
      '864',
    ]);
    expect(rowOf(out, 'out').slice(3, -1)).toEqual([
      'dense, softmax',
      '3',
      '[3]',
      'float32',
      'float32',
      '147',
      '588',
      '144',
    ]);
    expect(rowOf(out, 'in all').slice(-4, -1)).toEqual(['223', '892', '1,008']);
  });

  test('prints which values and weights are integers', async () => {
    const out = await done('inspect', 'int8.tflite');
    expect(rowOf(out, 'conv').slice(6, 8)).toEqual(['int8', 'int8, int32']);
  });

  test('cuts names of nodes so far that their lines fit into a terminal', async () => {
    const name = `model/${'part/'.repeat(30)}end`;
    const long = new Sequential([new Dense(3, { inputShape: [2], name })]);
    write('long.safetensors', encodeNetwork(toNetwork(long)));
    const lines = (await done('inspect', 'long.safetensors')).split('\n').filter((line) => line.split('│').length > 8);
    expect(Math.max(...lines.map((line) => line.length))).toBe(120);
    expect(lines.some((line) => /│ ….*part\/end │/.test(line))).toBe(true);
  });

  test.each([
    ['arrays.npz', 'a'],
    ['array.npy', 'array.npy'],
    ['tensors.safetensors', 't'],
  ])('prints the arrays of %s', async (name, array) => {
    const out = await done('inspect', name);
    expect(
      out
        .split('\n')
        .find((line) => line.includes('F32'))!
        .split('│')
        .map((cell) => cell.trim()),
    ).toEqual([...['', array, 'F32', '[2, 3]', '24', '']]);
  });

  test.each([
    ['model.h5', /^whittle: model\.h5: the file is an HDF5 file.*tensorflowjs_converter/],
    ['cut.onnx', /^whittle: cut\.onnx: onnx: /],
    ['cut.npz', /^whittle: cut\.npz: zip: .*cut off/],
    ['model.json', /^whittle: model\.json: its weights are in gone\.bin, .* no such file/],
    ['none', /no such file/],
  ])('%s is refused in one line', async (name, words) => {
    const { code, err, out } = await whittle(folder, ['inspect', name]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(words);
    expect(err.trim().split('\n')).toHaveLength(1);
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

  test('writes the network of a run without its encoder', async () => {
    await done('export', 'kinds.safetensors', '--as', 'onnx', '--out', 'run/');
    expect(await done('inspect', 'run/kinds.onnx')).toContain('dense');
  });

  test.each([
    ['arrays', ['tensors.safetensors'], /holds no network/],
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
