import { expect, test } from 'vitest';
import { readCSV, TableEncoder } from '../../src/data/index.ts';
import { sha256 } from '../../src/io/sha256.ts';

/** Runs in a page and in Node, with no device: both must come to the same bits. */
test('an encoder gives the same bits in a page and in Node', () => {
  const rows = Array.from({ length: 400 }, (_, i) => {
    const x = ((i * 7919) % 1009) / 7;
    const day = `${1 + (i % 28)}.${1 + (i % 12)}.${1890 + (i % 200)} ${i % 24}:${String(i % 60).padStart(2, '0')}`;
    return `${i % 11 === 0 ? '?' : 1.7e9 + x},${day},${['Ä', 'z', 'ß', 'I', 'i', 'ı', ''][i % 7]},${Math.sqrt(i)}`;
  });
  const table = readCSV(`t,d,c,y\n${rows.join('\n')}\n`);
  const options = { target: 'y', missing: 'category', scaleTarget: true, clip: 4, scale: 'standard' } as const;
  const encoder = new TableEncoder(options).fit(table, { rows: table.column(3).numbers.map((_, i) => i >> 1) });
  const json = JSON.stringify(encoder);
  const { features, target } = TableEncoder.fromJSON(JSON.parse(json)).transform(table);
  const parts = [new TextEncoder().encode(json), ...[features.data, target!.data].map(bytesOf)];
  expect(sha256(new TextEncoder().encode(parts.map(sha256).join('')))).toBe(
    'a45564f614029e60ee6e53866d111143577a7d431c3339a51f316f3270838d2f',
  );
});

const bytesOf = (data: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(data).buffer);
