import { describe, expect, test } from 'vitest';
import {
  Dense,
  encodeNetwork,
  fromData,
  prune,
  quantize,
  Random,
  Sequential,
  saveModel,
  shareWeights,
  toNetwork,
} from 'whittle-ml';
import { toModule } from 'whittle-ml/export';
import { encodeNpz, toOnnx, toTflite } from 'whittle-ml/formats';
import { encodeSafetensors } from 'whittle-ml/io';
import { withCarried } from '../../site/src/engine/carried.ts';
import { open } from '../../site/src/engine/opening.ts';
import { Refusal } from '../../site/src/engine/refusal.ts';
import { sentenceOf } from '../../site/src/engine/sentences.ts';
import { en } from '../../site/src/text/en.ts';
import { spoken } from '../../site/src/text/foreign.ts';
import { sentenceOf as said } from '../../site/src/text/refused.ts';
import { zh } from '../../site/src/text/zh.ts';
import { inWords, saidOfError } from './refused.ts';
import { contextOf, trainedOn } from './trained.ts';

const trained = trainedOn({ epochs: 10 });
const network = toNetwork(trained.model);

async function opened(
  bytes: Uint8Array,
  name = 'file',
  given: typeof trained | null = trained,
  beside: readonly { name: string; bytes: Uint8Array<ArrayBuffer> }[] = [],
) {
  const { context, last } = contextOf(given);
  await open({ kind: 'open', name, bytes: bytes.slice(), beside }, context);
  return last('opened').opened;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const sum = (list: readonly { readonly bytes: number }[]): number => list.reduce((all, { bytes }) => all + bytes, 0);

describe('opening', () => {
  test.each([
    ['ONNX', toOnnx, 'an ONNX model'],
    ['TFLite', toTflite, 'a TensorFlow Lite model'],
  ] as const)('a file of %s tells the network that it is here, and its damage', async (_, write, title) => {
    const bytes = write(network);
    const found = await opened(bytes, 'other');
    expect([found.format, found.foreign]).toEqual(['foreign', { title, bytes: bytes.length, notes: [] }]);
    expect(found.nodes.map(({ op }) => op)).toEqual(['dense', 'dense', 'dense']);
    expect(found.bytes).toBe(sum(found.ledger));
    expect([found.macs, found.parameters]).toEqual([320, 354]);
    expect(found.damage?.score).toBe(found.damage?.before);
  });

  test('a model that lies in several files takes those that came with it', async () => {
    const dense = { class_name: 'Dense', config: { name: 'd', units: 2, batch_input_shape: [null, 2] } };
    const json = {
      modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [dense] } },
      weightsManifest: [
        {
          paths: ['w.bin'],
          weights: [
            { name: 'd/kernel', shape: [2, 2], dtype: 'float32' },
            { name: 'd/bias', shape: [2], dtype: 'float32' },
          ],
        },
      ],
    };
    const beside = [{ name: 'w.bin', bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer) }];
    const text = utf8(JSON.stringify(json));
    const found = await opened(text, 'model.json', trained, beside);
    expect([found.format, found.parameters, found.nodes[0]?.op]).toEqual(['foreign', 6, 'dense']);
    await expect(inWords(opened(text, 'model.json'))).rejects.toThrow(/w\.bin/);
  });

  test('arrays of NumPy count as they are unpacked', async () => {
    const array = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) } as const;
    const bytes = encodeNpz(new Map([['a', array]]));
    const found = await opened(bytes, 'a.npz');
    expect(found.ledger.map(({ key, bytes: own }) => [key, own])).toEqual([['a', 12]]);
    expect([found.bytes, found.foreign?.bytes, found.uncompared]).toEqual([12, bytes.length, 'tensors']);
  });

  test('what is known and not read is told with the way to convert it', async () => {
    const h5 = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
    await expect(inWords(opened(h5, 'm.h5'))).rejects.toThrow(/^m\.h5: this is an HDF5 file.*tensorflowjs_converter/);
  });

  test('a file tells its graph, with shapes, bytes and multiply-adds', async () => {
    const found = await opened(encodeNetwork(network), 'own.safetensors');
    expect([found.name, found.format]).toEqual(['own.safetensors', 'safetensors']);
    expect(found.inputs).toEqual([{ name: 'input', shape: [2] }]);
    expect(
      found.nodes.map(({ name, op, inputs, shape, macs, bytes, parameters }) => [
        name,
        op,
        ...inputs,
        ...shape,
        macs,
        bytes,
        parameters,
      ]),
    ).toEqual([
      ['hidden0', 'dense', 'input', 16, 32, 192, 48],
      ['hidden1', 'dense', 'hidden0', 16, 256, 1088, 272],
      ['last', 'dense', 'hidden1', 2, 32, 136, 34],
    ]);
    expect(found.outputs).toEqual(['last']);
    expect([found.macs, found.parameters, found.nonZero > 300]).toEqual([320, 354, true]);
    expect(found.microseconds).toBeGreaterThan(0);
    expect(found.lines[0]).toContain('input');
  });

  test('the ledger adds up to the file, in every encoding and coding, and says what each tensor takes', async () => {
    const x = trained.train.x;
    const forms = {
      float32: network,
      int8: quantize(network, { calibration: x }),
      levels: quantize(network, { format: 'int4' }),
      palette: shareWeights(prune(network, { sparsity: 0.5 }), { clusters: 8 }),
      float16: quantize(network, { format: 'float16' }),
    };
    for (const [encoding, form] of Object.entries(forms))
      for (const coding of ['none', 'huffman', 'range'] as const) {
        const file = encodeNetwork(form, { coding });
        const { ledger, bytes } = await opened(file);
        expect(bytes).toBe(file.length);
        expect(sum(ledger)).toBe(file.length);
        for (const row of ledger) expect(sum(row.parts)).toBe(row.bytes);
        const kernel = ledger.find(({ key }) => key === 'hidden1/kernel')!;
        expect([kernel.encoding, kernel.shape, kernel.numbers, kernel.float32Bytes]).toEqual([
          encoding,
          [16, 16],
          256,
          1024,
        ]);
        expect(kernel.bytes).toBeLessThan(encoding === 'float32' ? 1100 : 560);
        if (encoding === 'palette') expect(kernel.held).toBeLessThan(256);
      }
  });

  test('damage is against the trained network, where the file takes and gives the same', async () => {
    const int4 = quantize(network, { format: 'int4' });
    const { damage } = await opened(encodeNetwork(int4));
    expect(damage!.epoch).toBe(trained.epoch);
    expect(damage!.before).toBe(trained.score(trained.model.predict(trained.test.x), trained.test));
    expect(damage!.lines.map(({ kind }) => kind)).toContain('accuracy');
    expect((await opened(encodeNetwork(network))).damage!.lines[0]).toMatchObject({ changed: { count: 0 } });
    expect((await opened(encodeNetwork(network), 'file', null)).damage).toBeNull();
    const other = new Sequential([new Dense(2, { inputShape: [3], activation: 'softmax' })]);
    expect((await opened(encodeNetwork(toNetwork(other)))).damage).toBeNull();
    const wide = new Sequential([new Dense(5, { inputShape: [2], activation: 'softmax' })]);
    expect((await opened(encodeNetwork(toNetwork(wide)))).damage).toBeNull();
    const numbers = trainedOn({ task: 'regression', epochs: 1 });
    expect((await opened(encodeNetwork(toNetwork(numbers.model)), 'file', numbers)).damage).not.toBeNull();
    expect((await opened(encodeNetwork(toNetwork(wide)), 'file', numbers)).damage).toBeNull();
    const images = new Sequential([new Dense(2, { inputShape: [4, 4, 2] })]);
    expect((await opened(encodeNetwork(toNetwork(images)))).damage).toBeNull();
  });

  test('what is not compared says why', async () => {
    const why = async (file: Uint8Array, given: typeof trained | null = trained): Promise<unknown> => {
      const { damage, uncompared } = await opened(file, 'file', given);
      expect(damage).toBeNull();
      return uncompared;
    };
    const file = encodeNetwork(network);
    expect((await opened(file)).uncompared).toBeNull();
    expect(await why(file, null)).toBe('nothing trained');
    expect(await why(file, { ...trained, epoch: 0 })).toBe('nothing trained');
    const tensors = encodeSafetensors(
      new Map([['a', { dtype: 'F32' as const, shape: [1], data: Float32Array.of(1) }]]),
      {},
    );
    expect(await why(tensors)).toBe('tensors');
    expect(await why(tensors, null)).toBe('tensors');
    const other = new Sequential([new Dense(2, { inputShape: [3], activation: 'softmax' })]);
    expect(await why(encodeNetwork(toNetwork(other)))).toBe('other question');
    const wide = new Sequential([new Dense(1, { inputShape: [3000, 2000] })]);
    expect(await why(encodeNetwork(toNetwork(wide)))).toBe('too large');
    const kinds = ['tensors', 'nothing trained', 'other question', 'too large', 'not run'];
    for (const { compress } of [en, zh]) expect(Object.keys(compress.open.uncompared).sort()).toEqual(kinds.sort());
  });

  test('a file that is cut off, or of numbers that are not known, is refused in the words of the page', async () => {
    const file = encodeNetwork(network);
    const typed = file.slice();
    typed[new TextDecoder('latin1').decode(file).indexOf('"F32"') + 1] = 0x47;
    for (const [bytes, kind] of [
      [file.subarray(0, 300), 'file cut'],
      [file.subarray(0, -20), 'file cut'],
      [typed, 'file types'],
      [Uint8Array.from([...file, 1, 2]), 'file broken'],
    ] as const) {
      const error: unknown = await opened(bytes, 'dropped').catch((thrown: unknown) => thrown);
      if (!(error instanceof Refusal)) throw new Error(`${kind} was not refused`);
      expect(error.reason.kind).toBe(kind);
      const { reason } = error;
      const [english, chinese] = [en, zh].map(({ refusals }) => said(reason, refusals));
      expect(english).toMatch(/^dropped: .*[.]$/);
      expect(chinese).toMatch(/请.*(保存|存为)/);
      expect(chinese).not.toContain('undefined');
      expect(spoken(chinese ?? '')).toHaveLength(kind === 'file broken' ? 3 : 1);
    }
  });

  test('a model with its optimizer, and tensors without a network, are read too', async () => {
    const model = await opened(saveModel(trained.model));
    expect(model.nodes.map(({ op }) => op)).toEqual(['dense', 'dense', 'dense']);
    expect(sum(model.ledger)).toBe(model.bytes);
    const data = Float32Array.of(1, 2, 3);
    const tensors = encodeSafetensors(new Map([['a', { dtype: 'F32' as const, shape: [3], data }]]), {});
    const found = await opened(tensors);
    expect(found.nodes).toEqual([]);
    expect(found.ledger[0]).toMatchObject({ key: 'a', encoding: 'F32', shape: [3], bytes: 12 });
    expect(sum(found.ledger)).toBe(tensors.length);
  });

  test('a module is read by the file that it carries, if that is the network that it computes', async () => {
    const file = encodeNetwork(network);
    for (const minify of [true, false]) {
      const { source } = toModule(network, { minify });
      const found = await opened(utf8(withCarried(source, file)), 'own.mjs');
      expect(found.format).toBe('module');
      expect(sum(found.ledger)).toBe(found.bytes);
      expect(found.ledger.at(-1)!.parts[0]!.part).toBe('program');
      expect(found.damage!.lines[0]).toMatchObject({ changed: { count: 0 } });
    }
    const other = trainedOn({ epochs: 1 });
    const mixed = withCarried(toModule(network).source, encodeNetwork(toNetwork(other.model)));
    await expect(inWords(opened(utf8(mixed), 'mixed.mjs'))).rejects.toThrow(
      /^mixed\.mjs: .*one of both was changed\.$/,
    );
    await expect(inWords(opened(utf8(toModule(network).source)))).rejects.toThrow(
      /does not carry the file of its network/,
    );
  });

  test.each([
    ['', 'the file is empty.'],
    ['{"a": 1}', 'it is no network: '],
    ['<!doctype html>', 'it is no network: '],
    ['export declare function run(input: ArrayLike<number>): Float32Array;', 'these are the types'],
    ['int network_self_test(void);', 'C is to be compiled'],
    ['export function run() {} export function selfTest() {}\n// whittle-network ????\n', 'does not carry'],
    ['export function run() {} export function selfTest() {}\n// whittle-network A\n', 'does not carry'],
    ['export function run() {} export function selfTest() {}\n// whittle-network AAAA\n', 'header length'],
  ])('%j is refused: %s', async (text, message) => {
    await expect(inWords(opened(utf8(text), 'dropped'))).rejects.toThrow(message);
    await expect(inWords(opened(utf8(text), 'dropped'))).rejects.toThrow(/^dropped: [^\n]+\.$/);
  });

  test('whatever is thrown becomes one sentence on one line, and no page of text', () => {
    expect(sentenceOf(new Error('a\nb\u2028\u0007 c'))).toBe('a b c.');
    expect(sentenceOf(new Error('What is it?'))).toBe('What is it?');
    expect(sentenceOf('thrown')).toBe('thrown.');
    expect(sentenceOf(new RangeError('Array buffer allocation failed'))).toBe('it asks for more memory than there is.');
    expect(sentenceOf(new Error('x'.repeat(9999))).length).toBeLessThan(410);
  });

  test('names of files are shown on one line and not without end', async () => {
    await expect(inWords(opened(utf8('x'), 'a\nb\u0000c'))).rejects.toThrow(/^a b c: /);
    await expect(inWords(opened(utf8('x'), 'a'.repeat(9999)))).rejects.toThrow(/^a{80}…: /);
    await expect(inWords(opened(utf8('x'), ' '))).rejects.toThrow(/^The file: /);
  });

  test('a network that is too large to be timed is told without', async () => {
    const wide = new Sequential([new Dense(1, { inputShape: [3000, 2000] })]);
    const found = await opened(encodeNetwork(toNetwork(wide)));
    expect([found.microseconds, found.damage]).toEqual([null, null]);
    expect(found.nodes[0]!.shape).toEqual([3000, 1]);
    const deep = new Sequential(Array.from({ length: 501 }, () => new Dense(1)));
    deep.build([2]);
    const long = await opened(encodeNetwork(toNetwork(deep)));
    expect([long.nodes.length, long.microseconds, long.damage]).toEqual([501, null, null]);
  });

  test('300 files with bytes changed, cut off or put in are read or refused in a sentence', async () => {
    const whittled = quantize(shareWeights(prune(trained.model, { sparsity: 0.6 }), { clusters: 8 }), {
      calibration: fromData(trained.train.x.data.slice(0, 64), [32, 2]),
    });
    const files = [
      encodeNetwork(network),
      encodeNetwork(whittled, { coding: 'range' }),
      encodeNetwork(whittled, { coding: 'huffman' }),
      utf8(withCarried(toModule(network).source, encodeNetwork(network))),
    ];
    const random = new Random(7, 'mutants');
    const below = (n: number): number => Math.floor(random.uniform([1]).item() * n);
    const outcomes = { read: 0, refused: 0 };
    for (let i = 0; i < 300; i++) {
      const file = files[i % files.length]!.slice();
      const at = below(i % 3 === 0 ? Math.min(600, file.length) : file.length);
      let mutant: Uint8Array = file;
      if (i % 5 === 0) mutant = file.subarray(0, at);
      else if (i % 5 === 1) mutant = Uint8Array.from([...file.subarray(0, at), below(256), ...file.subarray(at)]);
      else for (let k = 0; k <= i % 5; k++) file[Math.min(at + k, file.length - 1)] = below(256);
      const message = await opened(mutant, 'mutant').then((found) => {
        expect(sum(found.ledger)).toBe(mutant.length);
        outcomes.read++;
        return null;
      }, saidOfError);
      if (message === null) continue;
      outcomes.refused++;
      expect(message).toMatch(/^mutant: [^\n]{8,500}[.?!…]$/);
      expect(message).not.toMatch(/undefined|is not a function|Cannot read|not iterable|Invalid array|Maximum call/);
    }
    expect(outcomes.refused).toBeGreaterThan(150);
    expect(outcomes.read).toBeGreaterThan(10);
  });
});
