import { describe, expect, test } from 'vitest';
import { Conv2D, decodeNetwork, type Network, predictNetwork, Sequential, type Tensor, toNetwork } from 'whittle-ml';
import { compress } from '../../site/src/engine/compressing.ts';
import { exportFile, formatRows, formats } from '../../site/src/engine/exporting.ts';
import { compressedOf } from '../../site/src/engine/kept.ts';
import { open } from '../../site/src/engine/opening.ts';
import { inWords } from './refused.ts';
import { contextOf, settingsWith, trainedOn } from './trained.ts';

const trained = trainedOn({ epochs: 20 });
const experiment = {};
const whittling = compress(
  { kind: 'compress', settings: settingsWith({ sparsity: 0.5, bits: 8, epochs: 2 }) },
  contextOf(trained, () => true, experiment).context,
);

async function exported(format: string, of: 'trained' | 'compressed') {
  await whittling;
  const { context, last } = contextOf(trained, () => true, experiment);
  await exportFile({ kind: 'export', format, of }, context);
  return last('exported').files;
}

async function listed() {
  await whittling;
  const { context, last } = contextOf(trained, () => true, experiment);
  await formats({ kind: 'formats' }, context);
  return last('formats').formats;
}

const answersOf = (network: Network): number[] => [...(predictNetwork(network, trained.test.x) as Tensor).data];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('exporting', () => {
  test('the list has what the library exports a network with, and files of networks', async () => {
    const library = { ...(await import('whittle-ml/export')), ...(await import('whittle-ml/formats')) };
    const exporters = Object.keys(library).filter((name) => /^to[A-Z]/.test(name));
    expect(exporters.length).toBeGreaterThanOrEqual(4);
    expect(formatRows().size).toBe(2 + exporters.length);
    const list = await listed();
    expect(list.map(({ id }) => id)).toEqual([...formatRows().keys()]);
    expect(list.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['safetensors', 'coded', 'module', 'c', 'onnx', 'tflite']),
    );
    for (const { id, label, extensions, trained: bytes, compressed } of list) {
      expect(label).not.toBe('');
      for (const [of, written] of [
        ['trained', bytes],
        ['compressed', compressed],
      ] as const) {
        const files = await exported(id, of);
        expect(written).toEqual({ bytes: files.reduce((sum, file) => sum + file.bytes.length, 0) });
        expect(files.map(({ name }) => name.slice(name.indexOf('.')))).toEqual(extensions);
        expect(files.every(({ type }) => type !== '')).toBe(true);
      }
    }
  });

  test('a form that the library gets later is in the list by itself, with its files', () => {
    const given = { toONNX: (network: Network) => ({ onnx: Uint8Array.of(network.nodes.length), txt: 'nodes' }) };
    const row = formatRows({ ...given, ModuleText: 1, other: () => '' }).get('onnx')!;
    expect([row.label, row.extensions, row.isReadable]).toEqual(['ONNX', ['.onnx'], false]);
    const files = row.write(toNetwork(trained.model), 'network');
    expect(files.map(({ name, bytes }) => [name, bytes.length])).toEqual([
      ['network.onnx', 1],
      ['network.txt', 5],
    ]);
    expect(() =>
      formatRows({ toX: () => 1 })
        .get('x')!
        .write(toNetwork(trained.model), 'n'),
    ).toThrow('gave no file');
  });

  test('files hold the network that was asked for, and a coded one is smaller', async () => {
    for (const of of ['trained', 'compressed'] as const) {
      const network = of === 'trained' ? toNetwork(trained.model) : compressedOf(experiment)!;
      const [plain] = await exported('safetensors', of);
      const [coded] = await exported('coded', of);
      for (const { bytes } of [plain!, coded!])
        expect(answersOf(decodeNetwork(bytes).network)).toEqual(answersOf(network));
      expect(coded!.bytes.length).toBeLessThan(plain!.bytes.length);
    }
  });

  test('files are those whose bytes are counted, without what is folded away', async () => {
    const trained = trainedOn({ batchNorm: true, epochs: 2 });
    const { context, last } = contextOf(trained);
    await compress({ kind: 'compress', settings: settingsWith({ bits: 8, epochs: 0 }) }, context);
    const { before, after } = last('compressed').result;
    for (const [of, { bytes }] of [['trained', before] as const, ['compressed', after] as const]) {
      await exportFile({ kind: 'export', format: 'coded', of }, context);
      expect(last('exported').files[0]!.bytes.length).toBe(bytes);
      expect(last('formats').formats.find(({ id }) => id === 'coded')![of]).toEqual({ bytes });
    }
  });

  test('a module runs, passes its own test and answers as the network', async () => {
    for (const of of ['trained', 'compressed'] as const) {
      const network = of === 'trained' ? toNetwork(trained.model) : compressedOf(experiment)!;
      const [file, types] = await exported('module', of);
      const module = await import(`data:text/javascript;base64,${Buffer.from(file!.bytes).toString('base64')}`);
      expect(module.selfTest()).toBe(true);
      expect([...module.run(trained.test.x.data)]).toEqual(answersOf(network));
      expect(text(types!.bytes)).toContain('export declare function run(');
    }
  });

  test('C is a source and its header', async () => {
    const [source, header] = await exported('c', 'compressed');
    expect(text(source!.bytes)).toContain('#include "whittled.h"');
    expect(text(header!.bytes)).toContain('int whittled_run(const float *input, float *output);');
  });

  test('what is read back gives the same predictions, and the list says what is', async () => {
    let read = 0;
    for (const { id, isReadable } of await listed())
      for (const of of ['trained', 'compressed'] as const) {
        const network = of === 'trained' ? toNetwork(trained.model) : compressedOf(experiment)!;
        const [file] = await exported(id, of);
        const { context, last } = contextOf(trained, () => true, experiment);
        const opening = open({ kind: 'open', name: file!.name, bytes: file!.bytes }, context);
        if (!isReadable) {
          await expect(inWords(opening)).rejects.toThrow(/^network\.c|^whittled\.c/);
          continue;
        }
        await opening;
        read++;
        const { opened } = last('opened');
        expect(opened.foreign?.bytes ?? opened.bytes).toBe(file!.bytes.length);
        expect(opened.damage!.score).toBe(
          trained.score(predictNetwork(network, trained.test.x) as Tensor, trained.test),
        );
        const changed = opened.damage!.lines.find((line) => line.kind === 'changed');
        const [was, now] = [toNetwork(trained.model), network].map((each) =>
          trained.decide(predictNetwork(each, trained.test.x) as Tensor),
        ) as [Float32Array, Float32Array];
        expect(changed).toMatchObject({ changed: { count: now.filter((y, i) => y !== was[i]).length } });
      }
    expect(read).toBe(10);
  });

  test('what is not there is refused in a sentence', async () => {
    const { context } = contextOf(trained);
    const asked = (format: string, of: 'trained' | 'compressed', c = context) =>
      expect(inWords(exportFile({ kind: 'export', format, of }, c))).rejects;
    await asked('onyx', 'trained').toThrow(/^No format is called "onyx": there are safetensors, .*\.$/);
    await asked('constructor', 'trained').toThrow(/^No format is called/);
    await asked('c', 'compressed').toThrow(/compress the trained one first\.$/);
    await asked('c', 'trained', contextOf(null).context).toThrow(/train one first\.$/);
    const { context: empty, last } = contextOf(null);
    await formats({ kind: 'formats' }, empty);
    for (const each of last('formats').formats) expect([each.trained, each.compressed]).toEqual([null, null]);
  });

  test('a network that a form cannot hold says why', async () => {
    const convolution = new Conv2D(2, 3, { padding: 'same', inputShape: [8, 8, 1] });
    const images = new Sequential([convolution], { seed: 1 });
    (convolution.weights[0]!.value.data as Float32Array)[0] = Number.NaN;
    const { context, last } = contextOf({ ...trained, model: images });
    await formats({ kind: 'formats' }, context);
    const problems = last('formats').formats.flatMap(({ trained: written }) =>
      written !== null && 'problem' in written ? [written.problem] : [],
    );
    expect(problems).toHaveLength(1); // C takes no such kernel
    for (const problem of problems) expect(problem).toMatch(/^[^\n]+\.$/);
    const asked = inWords(exportFile({ kind: 'export', format: 'c', of: 'trained' }, context));
    await expect(asked).rejects.toThrow(/^This network cannot be written as C99: [^\n]+\.$/);
  });
});
