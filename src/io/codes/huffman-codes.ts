import { BitReader, BitWriter } from './bits.ts';
import { type BytesCode, type PlacesCode, tooShort } from './code.ts';
import { codeLengths, HuffmanCode, readTable, writeTable } from './huffman.ts';

/** A table and its symbols; nothing at all for no symbols. */
function writeSymbols(bits: BitWriter, symbols: Uint8Array): void {
  if (symbols.length === 0) return;
  const counts = new Float64Array(256);
  for (const symbol of symbols) counts[symbol]!++;
  const lengths = codeLengths(counts);
  writeTable(bits, lengths);
  const codes = new HuffmanCode(lengths).codes();
  for (const symbol of symbols) bits.write(codes[symbol]!, lengths[symbol]!);
}

const HOP = 255;

/**
 * Places as a symbol for how many are skipped before each, as Deep Compression (Han et al. 2016) codes differences of indices; 255
 * hops over as many. The last is that of a place behind the end, where a decoder stops.
 */
export function gapsOf(list: Int32Array, n: number): Uint8Array {
  const gaps: number[] = [];
  let next = 0;
  for (const place of [...list, n]) {
    for (; place - next >= HOP; next += HOP) gaps.push(HOP);
    gaps.push(place - next);
    next = place + 1;
  }
  return Uint8Array.from(n === 0 ? [] : gaps);
}

export const encodeHuffmanPlaces: PlacesCode['encode'] = (list, rows, columns) => {
  const bits = new BitWriter();
  writeSymbols(bits, gapsOf(list, rows * columns));
  return bits.finish();
};

export const decodeHuffmanPlaces: PlacesCode['decode'] = (data, rows, columns) => {
  const n = rows * columns;
  const bits = new BitReader(data);
  const wrong = tooShort(data, n, 8 * (HOP + 1));
  if (wrong !== null || n === 0) return wrong ?? bits.wrong() ?? new Int32Array();
  const code = readTable(bits);
  if (typeof code === 'string') return code;
  const list: number[] = [];
  for (let end = 0; end <= n; ) {
    const gap = code.read(bits);
    if (gap === undefined || bits.isOver) return 'has bits that are no code';
    end += gap;
    if (gap === HOP) continue;
    if (end === n) return bits.wrong() ?? Int32Array.from(list);
    list.push(end++);
  }
  return `must walk over ${n} places and walks further`;
};

/** A table and symbols for each plane. */
export const encodeHuffmanBytes: BytesCode['encode'] = (bytes, planes) => {
  const bits = new BitWriter();
  for (let plane = 0; plane < planes; plane++)
    writeSymbols(
      bits,
      bytes.filter((_, i) => i % planes === plane),
    );
  return bits.finish();
};

export const decodeHuffmanBytes: BytesCode['decode'] = (data, n, planes) => {
  const wrong = tooShort(data, n * planes, 8);
  if (wrong !== null) return wrong;
  const bits = new BitReader(data);
  const bytes = new Uint8Array(n * planes);
  for (let plane = 0; plane < planes && n > 0; plane++) {
    const code = readTable(bits);
    if (typeof code === 'string') return code;
    for (let i = plane; i < bytes.length; i += planes) {
      const symbol = code.read(bits);
      if (symbol === undefined || bits.isOver) return 'has bits that are no code';
      bytes[i] = symbol;
    }
  }
  return bits.wrong() ?? bytes;
};
