import { LimitError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type DenseName, type EncodingOf, isSparse, type LevelCodeBits, type Stored } from '../graph/encoding.ts';
import { packedCodes } from '../graph/levels.ts';
import { eachHeld, heldIn, type SparsePattern, type SparseWidth, zerosLike } from '../graph/sparse.ts';
import { type Numbered, nonZeroIn, numbersOf, zeroIn } from './numbers.ts';
import { bitsFor, packBits } from './packed.ts';
import type { SafeArray, SafeDType } from './safetensors.ts';
import { encodePlaces, type PlaceCode, type Places, placesOf, Walk, type Weights } from './sparse-code.ts';

/**
 * A weight `k` in a file: the tensor `k` with all its numbers, or `k.values` with those that are held and `k.<code>` with
 * their places (sparse-code.ts), and the shape in the JSON. A mask of a dense weight is stored in `k.<code>`, coded or not.
 * Of a sparse weight the JSON has the width of its panels, the places are those of its blocks, panel by panel, and there are
 * no values behind the last column; a mask that is finer than the blocks is in `k.mask.<code>`. Scales of int8 are the tensor
 * `k.scales`. The type of the numbers tells the encoding, but for fixed point, of which the JSON has the fraction, and levels.
 * Of these it has bits, group and the shape, and says whether they are coded; their codes are packed bytes, of all numbers
 * or again of those that are held, scales are in `k.scales` and zero points in `k.zeroPoints`. Codes of a palette are packed too,
 * each in ⌈log₂ of the count of the centroids⌉ bits, which are in `k.centroids`. Of a hashed weight the JSON has shape and seed.
 */

/** What the tensors do not tell of a weight. */
export interface WeightRecord {
  readonly key: string;
  /** Of a coded one, and of levels. */
  readonly shape?: Shape;
  /** Of a sparse one. */
  readonly width?: SparseWidth;
  /** Of fixed point. */
  readonly fraction?: number;
  /** Of levels, as the next ones: bits of a code, rows of a group, and whether there are zero points. */
  readonly bits?: LevelCodeBits;
  readonly group?: number;
  readonly zeroPoints?: true;
  /** Whether it is a palette, whose centroids say how many bits a code has. */
  readonly palette?: true;
  /** Of a hashed one. */
  readonly seed?: number;
  /** Whether there are codes of those that are held alone. */
  readonly coded?: true;
  /** The code of the places, if it is not `bitmask`. */
  readonly code?: PlaceCode;
  /** Of a sparse weight the code of the places that live. */
  readonly mask?: true | PlaceCode;
}

/** Puts a tensor; its type is that of the array where it is left out. */
export type Put = (name: string, shape: Shape, data: SafeArray, dtype?: SafeDType) => void;

/** What one more tensor and the shape of a coded one cost in the header, about: coding must save more than that. */
const ENTRY_BYTES = 140;
const SHAPE_BYTES = 30;

type Said<E extends DenseName> = (encoding: EncodingOf<E>, shape: Shape) => Partial<WeightRecord> | null;
const nothing = (): null => null;

/** One row an encoding: what the record says of one with all its numbers. */
const SAID: { readonly [E in DenseName]: Said<E> } = {
  float32: nothing,
  float64: nothing,
  int8: nothing,
  int32: nothing,
  float16: nothing,
  bfloat16: nothing,
  fixed: ({ fraction }) => ({ fraction }),
  palette: (_, shape) => ({ shape, palette: true }),
  hashed: ({ seed }, shape) => ({ shape, seed }),
  levels: ({ bits, group, zeroPoints }, shape) => ({ shape, bits, group, ...(zeroPoints && { zeroPoints: true }) }),
};

/** Types of tensors that their arrays do not tell. */
const HALVES: Readonly<Record<string, SafeDType>> = { float16: 'F16', bfloat16: 'BF16' };

/** Codes that lie packed, several in a byte; null for numbers that lie one by one. */
function packerOf(encoding: Numbered): ((codes: Uint8Array) => Uint8Array) | null {
  if (encoding.type === 'levels') return (codes) => packedCodes(codes, encoding.bits);
  return encoding.type === 'palette' ? (codes) => packBits(codes, bitsFor(encoding.centroids.length)) : null;
}

/** Puts the tensors of a weight, with what deltas of the file walk over; null where they tell all of it. */
export function putWeight(key: string, { shape, encoding, mask }: Stored, put: Put, walk: Walk): WeightRecord | null {
  if ('scales' in encoding) put(`${key}.scales`, [encoding.scales.length], encoding.scales);
  if (isSparse(encoding)) return putSparse(key, shape, encoding, mask, put, walk);
  const { type } = encoding;
  const said = (SAID[type] as Said<DenseName>)(encoding, shape);
  if (encoding.type === 'hashed') {
    const { values } = encoding;
    put(key, [values.length], values);
    if (walk.takes(elementsOf(shape))) return { key, ...said };
    throw new LimitError('encodeNetwork', 'the numbers that share values in one file', elementsOf(shape), Walk.MOST);
  }
  if ('centroids' in encoding) put(`${key}.centroids`, [encoding.centroids.length], encoding.centroids);
  if ('zeroPoints' in encoding && encoding.zeroPoints)
    put(`${key}.zeroPoints`, [encoding.zeroPoints.length], encoding.zeroPoints);
  const plain = numbersOf(encoding, shape);
  const nonZero = nonZeroIn(plain, zeroIn(encoding, shape.at(-1) ?? 1));
  const held = mask ?? nonZero;
  const packer = packerOf(encoding);
  const packed = (codes: Weights): Weights => packer?.(codes as Uint8Array) ?? codes;
  const all = packed(plain);
  const numbers = packed(plain.filter((_: number, i: number) => held[i] === 1));
  const { code, data } = encodePlaces(placesOf(held), walk);
  const saved = all.byteLength - numbers.byteLength;
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const coded = lossless && saved > (mask === null ? data.length + ENTRY_BYTES : SHAPE_BYTES);
  if (coded) put(`${key}.values`, [numbers.length], numbers, HALVES[type]);
  else put(key, packer ? [all.length] : shape, all, HALVES[type]);
  if (coded || mask) put(`${key}.${code}`, [data.length], data);
  else return said && { key, ...said };
  return {
    key,
    ...said,
    ...(coded && (packer ? { coded } : { shape })),
    ...short(code),
    ...(mask && { mask: true }),
  };
}

const short = (code: PlaceCode): Pick<WeightRecord, 'code'> => (code === 'bitmask' ? {} : { code });

function putPlaces(key: string, places: Places, put: Put, walk: Walk, width = 1): PlaceCode {
  const { code, data } = encodePlaces(places, walk, width);
  put(`${key}.${code}`, [data.length], data);
  return code;
}

/** How many panels a kernel has, and how many places for a block each: one where there are no rows, so that none is free. */
export function panelsOf(
  shape: Shape,
  width: number,
): { readonly units: number; readonly panels: number; readonly line: number } {
  const units = shape.at(-1) ?? 1;
  return { units, panels: Math.ceil(units / width), line: Math.max(1, elementsOf(shape.slice(0, -1))) };
}

/** Places of blocks, panel by panel, of `line` rows each. */
export function blocksOf({ starts, rows }: SparsePattern, line: number): Int32Array {
  const list = rows.slice();
  for (let p = 0; p + 1 < starts.length; p++) for (let i = starts[p]!; i < starts[p + 1]!; i++) list[i]! += p * line;
  return list;
}

function putSparse(
  key: string,
  shape: Shape,
  encoding: EncodingOf<'sparse' | 'sparseInt8'>,
  mask: Uint8Array | null,
  put: Put,
  walk: Walk,
): WeightRecord {
  const { width, values } = encoding;
  const { units, panels, line } = panelsOf(shape, width);
  const code = putPlaces(key, { list: blocksOf(encoding, line), n: panels * line }, put, walk, width);
  const held = zerosLike(values, heldIn(encoding, units));
  let at = 0;
  eachHeld(encoding, units, (_, i) => {
    held[at++] = values[i]!;
  });
  put(`${key}.values`, [held.length], held);
  const finer = mask && putPlaces(`${key}.mask`, placesOf(mask), put, walk);
  return { key, shape, width, ...short(code), ...(finer && { mask: finer }) };
}

/** Bytes of the tensors that a file holds a weight in, besides their place in its header (docs/design.md has the formula). */
export function storedBytes(weight: Stored): number {
  let bytes = 0;
  const put: Put = (_, __, { byteLength }) => {
    bytes += byteLength;
  };
  putWeight('', weight, put, new Walk());
  return bytes;
}
