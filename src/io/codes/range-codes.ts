import { type BytesCode, listOf, type PlacesCode, tooShort } from './code.ts';
import { Counters, Mixer } from './mixing.ts';
import { type BitCoder, RangeDecoder, RangeEncoder } from './range-coder.ts';

/** Codes the cells of a matrix in order: an encoder reads `held`, a decoder fills it. */
function codeCells(coder: BitCoder, held: Uint8Array, rows: number, columns: number): void {
  const row = new Counters(rows, 250);
  const column = new Counters(columns, 250);
  const near = new Counters(16, 250);
  const mixer = new Mixer([row, column, near]);
  const at = new Int32Array(3);
  for (let r = 0, i = 0; r < rows; r++)
    for (let c = 0; c < columns; c++, i++) {
      at[0] = r;
      at[1] = c;
      const above = (r > 0 ? held[i - columns]! : 0) * 2 + (r > 1 ? held[i - 2 * columns]! : 0);
      at[2] = above * 4 + (c > 0 ? held[i - 1]! : 0) * 2 + (c > 1 ? held[i - 2]! : 0);
      held[i] = mixer.code(coder, at, held[i]!);
    }
}

export const rangePlaces: PlacesCode = {
  encode(list, rows, columns) {
    const held = new Uint8Array(rows * columns);
    for (const place of list) held[place] = 1;
    const coder = new RangeEncoder();
    codeCells(coder, held, rows, columns);
    return coder.finish();
  },
  decode(data, rows, columns) {
    const wrong = tooShort(data, rows * columns);
    if (wrong !== null) return wrong;
    const held = new Uint8Array(rows * columns);
    const coder = new RangeDecoder(data);
    codeCells(coder, held, rows, columns);
    return coder.wrong() ?? listOf(held);
  },
};

/** Codes bytes by a tree of bits for each plane: the bits before it in the byte are the context of each. */
function codeBytes(coder: BitCoder, bytes: Uint8Array, planes: number): void {
  const tree = new Counters(256 * planes, 250);
  for (let i = 0; i < bytes.length; i++) {
    const root = (i % planes) * 256;
    const byte = bytes[i]!;
    let node = 1;
    for (let bit = 7; bit >= 0; bit--) node = 2 * node + tree.code(coder, root + node, (byte >> bit) & 1);
    bytes[i] = node & 255;
  }
}

export const rangeBytes: BytesCode = {
  encode(bytes, planes) {
    const coder = new RangeEncoder();
    codeBytes(coder, bytes.slice(), planes);
    return coder.finish();
  },
  decode(data, n, planes) {
    const wrong = tooShort(data, n * planes);
    if (wrong !== null) return wrong;
    const bytes = new Uint8Array(n * planes);
    const coder = new RangeDecoder(data);
    codeBytes(coder, bytes, planes);
    return coder.wrong() ?? bytes;
  },
};
