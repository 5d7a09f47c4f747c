import { expect, test } from 'vitest';
import * as d from '../../src/data/index.ts';
import * as w from '../../src/index.ts';
import * as io from '../../src/io/index.ts';

/** Everything that takes the bytes of a file, as its refusal names it. */
const READERS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  parseIDX: d.parseIDX,
  imagesFromIDX: d.imagesFromIDX,
  labelsFromIDX: d.labelsFromIDX,
  isGzip: d.isGzip,
  gunzip: d.gunzip,
  tableFromBytes: (bytes) => d.tableFromBytes(bytes, { target: 'y' }),
  readCSV: d.readCSV,
  loadModel: (bytes) => w.loadModel(bytes),
  decodeSafetensors: io.decodeSafetensors,
  sha256: io.sha256,
};

test.each(Object.entries(READERS))('%s refuses what are no bytes, with what makes some', async (name, read) => {
  const refusal = async (given: unknown): Promise<unknown> => {
    try {
      return await read(given as Uint8Array);
    } catch (error) {
      return error;
    }
  };
  const refused: readonly (readonly [given: unknown, got: string])[] = [
    [new ArrayBuffer(30), 'an object of ArrayBuffer'],
    [new SharedArrayBuffer(30), 'an object of SharedArrayBuffer'],
    [new Blob(['x']), 'an object of Blob'],
    [new Uint16Array(30), 'an object of Uint16Array'],
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
  ];
  const remedy = 'Give new Uint8Array(buffer), of a file new Uint8Array(await file.arrayBuffer())';
  for (const [given, got] of refused) {
    const error = await refusal(given);
    expect(error, String(given)).toBeInstanceOf(w.ValueError);
    expect(error).toMatchObject({ op: name, message: expect.stringContaining(`Uint8Array, got ${got}. ${remedy}`) });
  }
});

test('tokensOf takes a text', () => {
  expect(d.tokensOf(' a  b\n')).toEqual(['a', 'b']);
  for (const given of [5, ['a b'], undefined])
    expect(() => d.tokensOf(given as never)).toThrow('tokensOf: text must be a text, got');
});
