/** Files of coded weights: what they hold, how many bytes that is, and what is made of files that are no such thing. */
import { describe, expect, test } from 'vitest';
import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { decodeNetwork, encodeNetwork, fileParts, filePartsText } from '../../src/io/index.ts';
import { everyEncoding, productOf } from '../encodings.ts';

/** An array as its class and bytes. */
const hex = (value: unknown): string =>
  ArrayBuffer.isView(value)
    ? `${value.constructor.name} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
    : String(value);
const textOf = ({ weights }: Graph<Stored>): string =>
  [...weights]
    .map(([key, { shape, encoding, mask }]) =>
      [
        key,
        shape,
        hex(mask),
        ...Object.entries(encoding)
          .sort()
          .map(([field, value]) => `${field} ${hex(value)}`),
      ].join(' '),
    )
    .join('\n');

describe.each(['huffman', 'range'] as const)('a file coded by %s', (coding) => {
  test('gives weights back to the bit, in every encoding, shape and share, pruned and not', () => {
    let seed = 0;
    for (const shape of [
      [0, 5],
      [5, 0],
      [1, 1],
      [7, 3],
      [301, 5],
    ])
      for (const share of [0, 0.05, 1])
        for (const masked of [false, true])
          for (const [name, weight] of everyEncoding({ shape, share, masked, seed: seed++ }).filter(
            (_, i) => (i + seed) % 3 === 0,
          )) {
            const network = productOf(weight);
            const file = encodeNetwork(network, { coding });
            const back = decodeNetwork(file).network;
            expect(textOf(back), name).toBe(textOf(network));
            expect(Buffer.from(file).equals(encodeNetwork(back, { coding }))).toBe(true);
            expect(file.length).toBeLessThanOrEqual(encodeNetwork(network).length);
            const parts = fileParts(file);
            expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(file.length);
          }
  });
});

test('parts', () => {
  const file = encodeNetwork(
    productOf(everyEncoding({ shape: [60, 50], share: 0.1, masked: true }).find(([n]) => n === 'palette of 32')![1]),
    { coding: 'range' },
  );
  console.log(filePartsText(fileParts(file)));
});
