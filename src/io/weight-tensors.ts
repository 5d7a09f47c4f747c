import { elementsOf, type Shape, size } from '../base/shape.ts';
import {
  type DenseName,
  type DenseStored,
  type Encoding,
  type EncodingName,
  type EncodingOf,
  isSparse,
  type LevelCodeBits,
  type Stored,
} from '../graph/encoding.ts';
import {
  codeAt,
  codeBytes,
  endsInZeros,
  type Grouped,
  isZeroLevel,
  packedCodes,
  unpackedCodes,
  zeroCode,
} from '../graph/levels.ts';
import { eachHeld, heldIn, type SparsePattern, type SparseWidth, spread, zerosLike } from '../graph/sparse.ts';
import type { Fields } from './fields.ts';
import type { FileTensors } from './file-tensors.ts';
import type { SafeArray, SafeDType } from './safetensors.ts';
import {
  encodePlaces,
  isPlaceCode,
  nonZeroBits,
  type PlaceCode,
  type Places,
  placesOf,
  Walk,
  type Weights,
} from './sparse-code.ts';

/**
 * A weight `k` in a file: the tensor `k` with all its numbers, or `k.values` with those that are held and `k.<code>` with
 * their places (sparse-code.ts), and the shape in the JSON. A mask of a dense weight is stored in `k.<code>`, coded or not.
 * Of a sparse weight the JSON has the width of its panels, the places are those of its blocks, panel by panel, and there are
 * no values behind the last column; a mask that is finer than the blocks is in `k.mask.<code>`. Scales of int8 are the tensor
 * `k.scales`. The type of the numbers tells the encoding, but for fixed point, of which the JSON has the fraction, and levels.
 * Of these it has bits, group and the shape, and says whether they are coded; their codes are packed bytes, of all numbers
 * or again of those that are held, scales are in `k.scales` and zero points in `k.zeroPoints`.
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
  levels: ({ bits, group, zeroPoints }, shape) => ({ shape, bits, group, ...(zeroPoints && { zeroPoints: true }) }),
};

/** Types of tensors that their arrays do not tell. */
const HALVES: Readonly<Record<string, SafeDType>> = { float16: 'F16', bfloat16: 'BF16' };

/** Which numbers of a weight are not +0, as bytes 0 or 1, and an array of those that are held, in order. */
interface Codable {
  readonly nonZero: Uint8Array;
  readonly heldAt: (held: Uint8Array) => Weights;
}

function codableOf(encoding: DenseStored['encoding'], shape: Shape): Codable {
  if (encoding.type !== 'levels') {
    const { values } = encoding;
    return { nonZero: nonZeroBits(values), heldAt: (held) => values.filter((_: number, i: number) => held[i] === 1) };
  }
  const { values, bits } = encoding;
  const units = shape.at(-1) ?? 1;
  const codes = unpackedCodes(values, bits, elementsOf(shape));
  return {
    nonZero: codes.map((_, i) => (isZeroLevel(encoding, units, i) ? 0 : 1)),
    heldAt: (held) =>
      packedCodes(
        codes.filter((_, i) => held[i] === 1),
        bits,
      ),
  };
}

/** Puts the tensors of a weight, with what deltas of the file walk over; null where they tell all of it. */
export function putWeight(key: string, { shape, encoding, mask }: Stored, put: Put, walk: Walk): WeightRecord | null {
  if ('scales' in encoding) put(`${key}.scales`, [encoding.scales.length], encoding.scales);
  if (isSparse(encoding)) return putSparse(key, shape, encoding, mask, put, walk);
  const { type, values } = encoding;
  const isLevels = type === 'levels';
  if (isLevels && encoding.zeroPoints) put(`${key}.zeroPoints`, [encoding.zeroPoints.length], encoding.zeroPoints);
  const { nonZero, heldAt } = codableOf(encoding, shape);
  const held = mask ?? nonZero;
  const numbers = heldAt(held);
  const { code, data } = encodePlaces(placesOf(held), walk);
  const saved = values.byteLength - numbers.byteLength;
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const coded = lossless && saved > (mask === null ? data.length + ENTRY_BYTES : SHAPE_BYTES);
  if (coded) put(`${key}.values`, [numbers.length], numbers, HALVES[type]);
  else put(key, isLevels ? [values.length] : shape, values, HALVES[type]);
  const said = (SAID[type] as Said<DenseName>)(encoding, shape);
  if (coded || mask) put(`${key}.${code}`, [data.length], data);
  else return said && { key, ...said };
  return {
    key,
    ...said,
    ...(coded && (isLevels ? { coded } : { shape })),
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
function panelsOf(
  shape: Shape,
  width: number,
): { readonly units: number; readonly panels: number; readonly line: number } {
  const units = shape.at(-1) ?? 1;
  return { units, panels: Math.ceil(units / width), line: Math.max(1, elementsOf(shape.slice(0, -1))) };
}

function putSparse(
  key: string,
  shape: Shape,
  encoding: EncodingOf<'sparse' | 'sparseInt8'>,
  mask: Uint8Array | null,
  put: Put,
  walk: Walk,
): WeightRecord {
  const { width, starts, rows, values } = encoding;
  const { units, panels, line } = panelsOf(shape, width);
  const list = rows.slice();
  for (let p = 0; p < panels; p++) for (let i = starts[p]!; i < starts[p + 1]!; i++) list[i]! += p * line;
  const code = putPlaces(key, { list, n: panels * line }, put, walk, width);
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

type Kind = 'dense' | 'fixed' | 'levels' | 'sparse';

/** The field of a record that tells its kind. */
const KINDS_BY: readonly (readonly [Kind, field: string])[] = [
  ['sparse', 'width'],
  ['levels', 'bits'],
  ['fixed', 'fraction'],
];

/** How a weight lies in the tensors. */
interface Form {
  readonly shape: Shape;
  /** Default `dense`. */
  readonly kind?: Kind;
  /** Whether they have the numbers that are held alone. Default false. */
  readonly coded?: boolean;
  /** The code of their places. Default `bitmask`. */
  readonly code?: PlaceCode;
  /** The code of the places that live. Default null: there is no mask. */
  readonly mask?: PlaceCode | null;
  /** Of a sparse one. */
  readonly width?: SparseWidth | null;
  /** Of fixed point. */
  readonly fraction?: number;
  /** Of levels. */
  readonly levels?: Groups;
}
type Groups = Pick<Grouped, 'bits' | 'group'> & { readonly hasZeroPoints: boolean };

/** A weight out of a file; `fields` are those of its record, all of which are taken. */
export function takeWeight(key: string, fields: Fields | undefined, tensors: FileTensors): Stored {
  if (fields === undefined) return takeStored(tensors, key, { shape: tensors.get(key).shape });
  const [kind] = KINDS_BY.find(([, field]) => fields.has(field)) ?? (['dense'] as const);
  const width = kind === 'sparse' ? takeWidth(fields) : null;
  const own = {
    ...(kind === 'fixed' && { fraction: fields.number('fraction') }),
    ...(kind === 'levels' && { levels: takeGroups(fields) }),
  };
  const coded = kind === 'sparse' || (kind === 'levels' ? takeFlag(fields, 'coded') : fields.has('shape'));
  const shape = coded || kind === 'levels' ? fields.numbers('shape') : tensors.get(key).shape;
  const code = fields.has('code') ? takeCode(fields, 'code') : 'bitmask';
  const mask = !fields.has('mask') ? null : width ? takeCode(fields, 'mask') : fields.flag('mask') ? code : null;
  fields.done();
  return takeStored(tensors, key, { shape, kind, coded, code, mask, width, ...own });
}

/** False where it is left out. */
const takeFlag = (fields: Fields, field: string): boolean => fields.has(field) && fields.flag(field);

function takeCode(fields: Fields, field: 'code' | 'mask'): PlaceCode {
  const name = fields.text(field);
  return isPlaceCode(name) ? name : fields.fail(field, 'must be bitmask or deltas');
}

function takeWidth(fields: Fields): SparseWidth {
  const width = fields.count('width');
  return width === 1 || width === 4 || width === 16 ? width : fields.fail('width', 'must be 1, 4 or 16');
}

function takeGroups(fields: Fields): Groups {
  const bits = fields.count('bits');
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return fields.fail('bits', 'must be 1, 2, 4 or 8');
  return { bits, group: fields.count('group'), hasZeroPoints: takeFlag(fields, 'zeroPoints') };
}

/**
 * A weight out of tensors called after `key`, the one of all its numbers `whole`. Nothing is allocated that is longer than the
 * tensors, or than what their places walk over.
 */
export function takeStored(tensors: FileTensors, key: string, form: Form, whole: string = key): Stored {
  const { shape, kind = 'dense', coded, code = 'bitmask', mask: living = null } = form;
  const name = coded ? `${key}.values` : whole;
  const { dtype } = tensors.get(name);
  const { types, take } = KINDS[kind];
  const type = types[dtype];
  if (type === undefined)
    return tensors.fail(name, `there are no ${kind === 'dense' ? '' : `${kind} `}weights of ${dtype}`);
  const n = size(tensors.format, shape);
  const units = shape.at(-1) ?? 1;
  const isSparse = kind === 'sparse';
  const places = isSparse || !(coded || living) ? null : tensors.takePlaces(key, code, n);
  const encoding = { type, ...take({ ...form, tensors, key, name, dtype, n, units, places }) } as Encoding;
  const alive = living && (isSparse ? tensors.takePlaces(`${key}.mask`, living, n) : places!);
  return { shape, encoding, mask: alive && spread(new Uint8Array(alive.length).fill(1), alive, n) };
}

/** A weight that is taken. */
interface Taken extends Form {
  readonly tensors: FileTensors;
  readonly key: string;
  /** Of the tensor of its numbers, and its type. */
  readonly name: string;
  readonly dtype: SafeDType;
  readonly n: number;
  readonly units: number;
  /** Of the numbers that are held, or may live; null where they are all. */
  readonly places: Int32Array | null;
}

/** One row a kind of record: the encoding that the type of a tensor stands for, and what it consists of. */
const KINDS: {
  readonly [K in Kind]: {
    readonly types: Readonly<Record<string, EncodingName>>;
    readonly take: (taken: Taken) => object;
  };
} = {
  dense: {
    types: { F32: 'float32', F64: 'float64', I8: 'int8', I32: 'int32', F16: 'float16', BF16: 'bfloat16' },
    take: (taken) => ({ values: takeValues(taken), ...takeScales(taken) }),
  },
  fixed: {
    types: { I8: 'fixed', I16: 'fixed' },
    take: (taken) => ({ values: takeValues(taken), fraction: taken.fraction }),
  },
  levels: { types: { U8: 'levels' }, take: takeLevels },
  sparse: { types: { F32: 'sparse', I8: 'sparseInt8' }, take: takeSparse },
};

const takeValues = ({ tensors, name, dtype, coded, shape, places, n }: Taken): Weights =>
  coded
    ? spread(tensors.takeHeld(name, dtype, places!.length), places!, n)
    : (tensors.take(name, dtype, shape) as Weights);

const takeScales = ({ tensors, key, dtype, units }: Taken): object | false =>
  dtype === 'I8' && { scales: tensors.take(`${key}.scales`, 'F32', [units]) };

/** How many scales and zero points there are `validateNetwork` checks. */
function takeLevels({ tensors, key, name, dtype, coded, levels, places, n, units }: Taken): object {
  const { bits, group, hasZeroPoints } = levels!;
  const scales = tensors.take(`${key}.scales`, 'F32', null);
  const zeroPoints = hasZeroPoints ? (tensors.take(`${key}.zeroPoints`, 'U8', null) as Uint8Array) : null;
  const count = coded ? places!.length : n;
  let values = tensors.take(name, dtype, [codeBytes(bits, count)]) as Uint8Array;
  if (coded) {
    if (bits === 1) tensors.fail(name, 'cannot be coded: no code of 1 bit is 0');
    if (!endsInZeros(values, bits, count)) tensors.fail(name, 'must be 0 behind the last code');
    const held = values;
    const codes = zerosLike(held, n).map((_, i) => zeroCode({ bits, group, zeroPoints }, units, i));
    places!.forEach((place, i) => {
      codes[place] = codeAt(held, bits, i);
    });
    values = packedCodes(codes, bits);
  }
  return { values, bits, group, scales, zeroPoints };
}

function takeSparse(taken: Taken): object {
  const { tensors, key, name, dtype, code = 'bitmask', shape, units } = taken;
  const width = taken.width!;
  const pattern = takePattern(tensors, key, code, shape, width);
  const held = tensors.takeHeld(name, dtype, heldIn(pattern, units));
  // A block has zeros behind the last column, which the file does not hold
  const values = zerosLike(held, pattern.rows.length * width);
  let at = 0;
  eachHeld(pattern, units, (_, i) => {
    values[i] = held[at++]!;
  });
  return { values, ...pattern, ...takeScales(taken) };
}

/** Of a sparse weight where its blocks are. */
function takePattern(
  tensors: FileTensors,
  key: string,
  code: PlaceCode,
  shape: Shape,
  width: SparseWidth,
): SparsePattern {
  const { panels, line } = panelsOf(shape, width);
  const blocks = tensors.takePlaces(key, code, panels * line, width);
  const starts = new Int32Array(panels + 1);
  for (const block of blocks) starts[Math.floor(block / line) + 1]!++;
  for (let p = 0; p < panels; p++) starts[p + 1]! += starts[p]!;
  return { width, starts, rows: blocks.map((block) => block % line) };
}
