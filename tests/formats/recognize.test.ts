import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { StateError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { encodeNpy, encodeNpz, type FileKind, readModel, recognize, toTflite } from '../../src/formats/index.ts';
import { zipped } from '../../src/formats/numpy/zip.ts';
import { encodeMessage } from '../../src/formats/protobuf.ts';
import { Dense, ones, quantize, Sequential, toNetwork } from '../../src/index.ts';
import { encodeNetwork, encodeSafetensors, type SafeTensor } from '../../src/io/index.ts';
import { caseOf, shardsOf } from './keras-models.ts';
import { message, node, value } from './onnx-files.ts';
import { answers } from './running.ts';
import { spoiled } from './spoiled.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const bytes = (...parts: (string | number | Uint8Array)[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? ascii(part) : part,
      ),
    ),
  );
const zip = (...names: string[]): Uint8Array =>
  zipped(
    'test',
    names.map((name) => [name, ascii('x')]),
  );
const array: SafeTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
const arrays = new Map([['w', array]]);
const network = toNetwork(new Sequential([new Dense(2, { inputShape: [3] })], { seed: 1 }));
const model = caseOf('dense');

const SCHEMA = {
  version: { number: 1, kind: 'int' },
  graphs: { number: 2, kind: 'bytes', isList: true },
  graph: { number: 7, kind: 'bytes' },
} as const;
const onnx = encodeMessage({ version: 8, graphs: [ascii('pytorch')], graph: ascii('x') }, SCHEMA);

const files: readonly (readonly [FileKind, Uint8Array])[] = [
  ['whittle', encodeNetwork(network)],
  ['whittle', encodeNetwork(network, { coding: 'huffman' })],
  ['safetensors', encodeSafetensors(arrays)],
  ['safetensors', encodeSafetensors(arrays, { format: 'pt' })],
  ['onnx', onnx],
  ['saved-model', encodeMessage({ version: 1, graphs: [ascii('x')] }, SCHEMA)],
  ['tflite', bytes(0x1c, 0, 0, 0, 'TFL3', new Uint8Array(20))],
  ['keras-json', ascii(JSON.stringify(model.model))],
  ['keras-json', ascii(` \n${JSON.stringify(model.model.modelTopology)}`)],
  ['keras-json', bytes(0xef, 0xbb, 0xbf, JSON.stringify(model.model))],
  ['tfjs-graph', ascii('{"format":"graph-model","modelTopology":{"node":[]}}')],
  ['tfjs-graph', ascii('{"modelTopology":{"node":[]}}')],
  ['npy', encodeNpy(array)],
  ['npz', encodeNpz(arrays)],
  ['h5', bytes(0x89, 'HDF\r\n', 0x1a, 0x0a, new Uint8Array(90))],
  ['keras', zip('metadata.json', 'config.json', 'model.weights.h5')],
  ['pytorch', zip('archive/data.pkl', 'archive/version', 'archive/data/0')],
  ['pytorch', zip('net/constants.pkl', 'net/code/__torch__.py')],
  ['pytorch', bytes(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.')],
  ['pickle', bytes(0x80, 0x04, '\x95\x0b.')],
  ['gguf', bytes('GGUF', 3, 0, 0, 0)],
  ['gzip', new Uint8Array(gzipSync('{}'))],
  ['zip', zip('config.json', 'a.txt')],
  ['zip', bytes('PK\x03\x04', new Uint8Array(40))],
  ['unknown', new Uint8Array(0)],
  ['unknown', ascii('a,b\n1,2\n')],
  ['unknown', ascii('{"a":1}')],
  ['unknown', ascii('{')],
  ['unknown', ascii('[1]')],
  ['unknown', ascii('{"__proto__":{"modelTopology":{}}}')],
  ['unknown', ascii('['.repeat(1e5))],
  ['unknown', ascii('{"a":'.repeat(1e5))],
  ['unknown', bytes(0x08, 0x07)],
];

describe('recognize', () => {
  test.each(files)('%s', (kind, file) => {
    expect(recognize(file).kind).toBe(kind);
  });

  test('says which options the reader of a file takes', () => {
    const taken = new Map(files.map(([kind, file]) => [kind, recognize(file).takes]));
    expect([...taken].filter(([, takes]) => takes.length > 0)).toEqual([
      ['onnx', ['constants', 'sizes']],
      ['tflite', ['rule']],
    ]);
  });

  test('knows a view into a larger buffer', () => {
    for (const [kind, file] of files) {
      const buffer = bytes(1, 2, 3, file, 4, 5);
      expect(recognize(buffer.subarray(3, 3 + file.length)).kind).toBe(kind);
    }
  });

  test('says of what is not read how to convert it, and of nothing else', () => {
    for (const [, file] of files) {
      const { kind, title, remedy } = recognize(file);
      expect(title).toMatch(/^(a|an|of) /);
      if (['whittle', 'keras-json'].includes(kind)) expect(remedy).toBeNull();
    }
    const remedies = Object.fromEntries(files.map(([kind, file]) => [kind, recognize(file).remedy]));
    expect(remedies.pytorch).toContain('torch.onnx.export(');
    expect(remedies.pytorch).toContain('safetensors.torch.save_file(');
    expect(remedies.h5).toContain('tensorflowjs_converter');
    expect(remedies.keras).toContain(".export('model.onnx', format='onnx')");
    expect(remedies['saved-model']).toContain('tf2onnx.convert --saved-model');
    expect(remedies.safetensors).toContain('withForeignWeights');
  });

  test('goes by the name where bytes do not tell, and there alone', () => {
    for (const [name, kind] of [
      ['a.onnx', 'onnx'],
      ['A.TFLITE', 'tflite'],
      ['m.pth', 'pytorch'],
      ['m.pkl', 'pickle'],
      ['saved_model.pb', 'saved-model'],
      ['a.npy', 'npy'],
      ['a/model.json', 'keras-json'],
      ['a.safetensors', 'whittle'],
      ['m.bin', 'unknown'],
      ['other.json', 'unknown'],
    ] as const)
      expect(recognize(Uint8Array.of(1, 2, 3), name).kind).toBe(kind);
    // A zip file whose list of files is cut off
    const cut = encodeNpz(arrays).slice(0, 60);
    expect(['w.npz', 'm.keras', 'm.pt', 'm.zip'].map((name) => recognize(cut, name).kind)).toEqual([
      'npz',
      'keras',
      'pytorch',
      'zip',
    ]);
    expect(recognize(encodeNpy(array), 'a.onnx').kind).toBe('npy');
  });

  test('refuses what are no bytes, and no name', () => {
    expect(() => recognize('PK' as unknown as Uint8Array)).toThrow(ValueError);
    expect(() => recognize(new Uint8Array(3), 3 as unknown as string)).toThrow(ValueError);
  });

  test('takes any bytes', () => {
    for (let seed = 0; seed < 1500; seed++)
      expect(recognize(spoiled(files[seed % 25]![1], seed)).title.length).toBeGreaterThan(5);
  });
});

describe('readModel', () => {
  test('reads a file of this library, and one of TensorFlow.js with the files beside it', async () => {
    const own = await readModel(encodeNetwork(network));
    expect(encodeNetwork(own.network)).toEqual(encodeNetwork(network));
    expect(own.inputs).toEqual([
      {
        value: own.network.inputs[0]!.name,
        name: own.network.inputs[0]!.name,
        shape: [null, 3],
        axes: [0, 1],
        dtype: 'float32',
        format: null,
      },
    ]);
    const { network: dense } = await readModel(ascii(JSON.stringify(model.model)), {
      files: shardsOf(model),
      name: 'model.json',
    });
    expect(answers(dense, [new Float32Array(4)], 1)[0]!.length).toBe(3);
  });

  test('refuses all else with what it is and the way to convert it', async () => {
    for (const [kind, file] of files) {
      const { title, remedy } = recognize(file);
      if (remedy === null || kind === 'onnx' || kind === 'tflite') continue;
      await expect(readModel(file)).rejects.toThrow(StateError);
      await expect(readModel(file)).rejects.toThrow(`readModel: the file is ${title}. ${remedy}`);
    }
  });

  test('gives the options of a reader along, and refuses those of others', async () => {
    const deep = new Sequential([new Dense(4, { inputShape: [3] }), new Dense(2)], { seed: 1 });
    const open = message({
      node: [node('MatMul', ['x', 'w'], ['y'])],
      input: [value('x', ['N', 'wide']), value('w', [2, 1])],
      output: [{ name: 'y' }],
    });
    const constants = new Map([['w', { shape: [2, 1], data: [10, 1] }]]);
    const sizes = new Map([['wide', 2]]);
    const { network: read } = await readModel(open, { constants, sizes });
    expect(answers(read, [Float32Array.of(1, 2)], 1)).toEqual([Float32Array.of(12)]);
    await expect(readModel(open, { constants })).rejects.toThrow(/option sizes/);
    const tflite = toTflite(quantize(deep, { calibration: ones([4, 3]) }));
    const ruleOf = async (rule?: 'float'): Promise<unknown> =>
      (await readModel(tflite, rule && { rule })).network.nodes.flatMap(({ attrs }) =>
        'rule' in attrs ? attrs.rule : [],
      );
    expect(await ruleOf('float')).not.toEqual(await ruleOf());
    for (const [file, options] of [
      [tflite, { sizes }],
      [tflite, { constants }],
      [open, { rule: 'float' }],
      [encodeNetwork(network), { rule: 'float' }],
      [ascii(JSON.stringify(model.model)), { sizes }],
    ] as const)
      await expect(readModel(file, options)).rejects.toThrow(
        /^readModel: (sizes|constants|rule) must be left out: it is for an? (ONNX|TensorFlow Lite) model, and this is an? /,
      );
    await expect(readModel(tflite, { rule: 'nearest' as 'float' })).rejects.toThrow(/rule must be/);
    await expect(readModel(open, { sizes: [] as unknown as Map<string, number> })).rejects.toThrow(
      /sizes must be a Map/,
    );
    await expect(readModel(tflite, { files: new Map([['a', tflite]]) })).resolves.toBeDefined();
  });

  test('refuses arguments of another kind', async () => {
    const file = encodeNetwork(network);
    await expect(readModel([1] as unknown as Uint8Array)).rejects.toThrow(ValueError);
    await expect(readModel(file, { files: {} as unknown as Map<string, Uint8Array> })).rejects.toThrow(
      /a Map of file names/,
    );
    await expect(readModel(file, { path: 'x' } as { name?: string })).rejects.toThrow(/one of the options name, files/);
    await expect(readModel(file.subarray(0, file.length - 1))).rejects.toThrow(WhittleError);
  });
});
