import { BitReader, BitWriter } from './bits.ts';
import { type BytesCode, type PlacesCode, planeOf, type SeeTable, tooShort } from './code.ts';
import { codeLengths, HuffmanCode, readTable, writeTable } from './huffman.ts';

/** A table and its symbols; nothing at all for no symbols. */
function writeSymbols(bits: BitWriter, symbols: Uint8Array): void {
  if (symbols.length === 0) return;
  const counts = new Float64Array(256);
  for (const symbol of symbols) counts[symbol]!++;
  const lengths = codeLengths(counts);
  writeTable(bits, lengths);
  const { codes } = new HuffmanCode(lengths);
  for (let i = 0; i < symbols.length; i++) bits.write(codes[symbols[i]!]!, lengths[symbols[i]!]!);
}

const HOP = 255;

/**
 * Places as a symbol for how many are skipped before each, as Deep Compression (Han et al. 2016) codes differences of indices; 255
 * hops over as many. The last is that of a place behind the end, where a decoder stops.
 */
function gapsOf(list: Int32Array, n: number): Uint8Array {
  if (n === 0) return new Uint8Array();
  const gaps = new Uint8Array(list.length + 1 + Math.floor(n / HOP));
  let at = 0;
  let next = 0;
  for (let i = 0; i <= list.length; i++) {
    const place = i < list.length ? list[i]! : n;
    for (; place - next >= HOP; next += HOP) gaps[at++] = HOP;
    gaps[at++] = place - next;
    next = place + 1;
  }
  return gaps.subarray(0, at);
}

export const encodeHuffmanPlaces: PlacesCode['encode'] = (list, rows, columns) => {
  const bits = new BitWriter();
  writeSymbols(bits, gapsOf(list, rows * columns));
  return bits.finish();
};

/** A table, whose bits `seeTable` is told of. */
function tableOf(bits: BitReader, seeTable: SeeTable | undefined): HuffmanCode | string {
  const start = bits.at;
  const code = readTable(bits);
  seeTable?.(bits.at - start);
  return code;
}

export const decodeHuffmanPlaces: PlacesCode['decode'] = (data, rows, columns, seeTable) => {
  const n = rows * columns;
  const bits = new BitReader(data);
  const wrong = tooShort(data, n, 8 * (HOP + 1));
  if (wrong !== null || n === 0) return wrong ?? bits.wrong() ?? new Int32Array();
  const code = tableOf(bits, seeTable);
  if (typeof code === 'string') return code;
  const list = new Int32Array(Math.min(n, 8 * data.length)); // a symbol has a bit
  let found = 0;
  for (let end = 0; end <= n; ) {
    const gap = code.read(bits);
    if (gap === undefined || bits.isOver) return 'has bits that are no code';
    end += gap;
    if (gap === HOP) continue;
    if (end === n) return bits.wrong() ?? list.slice(0, found);
    list[found++] = end++;
  }
  return `must walk over ${n} places and walks further`;
};

/** A table and symbols for each plane. */
export const encodeHuffmanBytes: BytesCode['encode'] = (bytes, planes) => {
  const bits = new BitWriter();
  for (let plane = 0; plane < planes; plane++) writeSymbols(bits, planeOf(bytes, plane, planes));
  return bits.finish();
};

export const decodeHuffmanBytes: BytesCode['decode'] = (data, n, planes, _, seeTable) => {
  const wrong = tooShort(data, n * planes, 8);
  if (wrong !== null) return wrong;
  const bits = new BitReader(data);
  const bytes = new Uint8Array(n * planes);
  for (let plane = 0; plane < planes && n > 0; plane++) {
    const code = tableOf(bits, seeTable);
    if (typeof code === 'string') return code;
    for (let i = plane; i < bytes.length; i += planes) {
      const symbol = code.read(bits);
      if (symbol === undefined || bits.isOver) return 'has bits that are no code';
      bytes[i] = symbol;
    }
  }
  return bits.wrong() ?? bytes;
};
