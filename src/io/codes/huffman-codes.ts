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
function gapsOf(list: Int32Array, n: number): Uint8Array {
  const gaps: number[] = [];
  let next = 0;
  for (const place of [...list, n]) {
    for (; place - next >= HOP; next += HOP) gaps.push(HOP);
    gaps.push(place - next);
    next = place + 1;
  }
  return Uint8Array.from(n === 0 ? [] : gaps);
}

export const huffmanPlaces: PlacesCode = {
  encode(list, rows, columns) {
    const bits = new BitWriter();
    writeSymbols(bits, gapsOf(list, rows * columns));
    return bits.finish();
  },
  decode(data, rows, columns) {
    const n = rows * columns;
    const wrong = tooShort(data, n);
    if (wrong !== null) return wrong;
    const bits = new BitReader(data);
    const list: number[] = [];
    if (n > 0) {
      const code = readTable(bits);
      if (typeof code === 'string') return code;
      for (let end = 0; ; ) {
        const gap = code.read(bits);
        if (gap === undefined) return 'has bits that are no code';
        end += gap;
        if (gap === HOP) continue;
        if (end >= n) {
          if (end > n) return `must walk over ${n} places, walks over ${end}`;
          break;
        }
        list.push(end++);
      }
    }
    return bits.wrong() ?? Int32Array.from(list);
  },
};

export const huffmanBytes: BytesCode = {
  encode(bytes, planes) {
    const bits = new BitWriter();
    for (let plane = 0; plane < planes; plane++)
      writeSymbols(
        bits,
        bytes.filter((_, i) => i % planes === plane),
      );
    return bits.finish();
  },
  decode(data, n, planes) {
    const wrong = tooShort(data, n * planes, 8);
    if (wrong !== null) return wrong;
    const bits = new BitReader(data);
    const bytes = new Uint8Array(n * planes);
    for (let plane = 0; plane < planes && n > 0; plane++) {
      const code = readTable(bits);
      if (typeof code === 'string') return code;
      for (let i = plane; i < bytes.length; i += planes) {
        const symbol = code.read(bits);
        if (symbol === undefined) return 'has bits that are no code';
        bytes[i] = symbol;
      }
    }
    return bits.wrong() ?? bytes;
  },
};
