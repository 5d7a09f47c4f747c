import type { LevelCodeBits } from '../graph/encoding.ts';
import { codeBytes, endsInZeros, packedCodes, unpackedCodes } from '../graph/levels.ts';
import { eachHeld, heldIn, type SparsePattern, type SparseWidth, zerosLike } from '../graph/sparse.ts';
import type { Fields } from './fields.ts';
import { filled, zeroIn } from './numbers.ts';
import { bitsFor, bytesFor, packBits, unpackBits } from './packed.ts';
import { Walk, type Weights } from './sparse-code.ts';
import { type Kinds, numberedForm, type Taken, takeScales, takeValues } from './take-weight.ts';
import { panelsOf } from './weight-tensors.ts';

/** Kinds of weights of which more is told than that they are coded, by the field that tells them. */
export const KINDS: Kinds = {
  width: {
    name: 'sparse',
    types: { F32: 'sparse', I8: 'sparseInt8' },
    form: (fields) => {
      const width = takeWidth(fields);
      return { coded: true, shape: fields.numbers('shape'), take: (taken) => takeSparse(taken, width) };
    },
    hasBlocks: true,
  },
  bits: {
    name: 'levels',
    types: { U8: 'levels' },
    form: (fields) => {
      const groups = takeGroups(fields);
      const shape = fields.numbers('shape');
      return { coded: takeFlag(fields, 'coded'), shape, take: (taken) => takeLevels(taken, groups) };
    },
  },
  palette: {
    name: 'palette',
    types: { U8: 'palette' },
    form: (fields) => {
      if (!fields.flag('palette')) fields.fail('palette', 'must be true');
      return { coded: takeFlag(fields, 'coded'), shape: fields.numbers('shape'), take: takePalette };
    },
  },
  seed: {
    name: 'hashed',
    types: { F32: 'hashed' },
    form: (fields) => {
      const seed = fields.count('seed');
      return { shape: fields.numbers('shape'), take: (taken) => takeHashed(taken, seed) };
    },
  },
  fraction: {
    name: 'fixed',
    types: { I8: 'fixed', I16: 'fixed' },
    form: (fields, whole) => {
      const fraction = fields.number('fraction');
      return { ...numberedForm(fields, whole), take: (taken) => ({ values: takeValues(taken), fraction }) };
    },
  },
};

/** False where it is left out. */
const takeFlag = (fields: Fields, field: string): boolean => fields.has(field) && fields.flag(field);

function takeWidth(fields: Fields): SparseWidth {
  const width = fields.count('width');
  return width === 1 || width === 4 || width === 16 ? width : fields.fail('width', 'must be 1, 4 or 16');
}

interface Groups {
  readonly bits: LevelCodeBits;
  readonly group: number;
  readonly hasZeroPoints: boolean;
}

function takeGroups(fields: Fields): Groups {
  const bits = fields.count('bits');
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return fields.fail('bits', 'must be 1, 2, 4 or 8');
  return { bits, group: fields.count('group'), hasZeroPoints: takeFlag(fields, 'zeroPoints') };
}

/** How many scales and zero points there are `validateNetwork` checks. */
function takeLevels(taken: Taken, { bits, group, hasZeroPoints }: Groups): object {
  const { tensors, key, name, dtype, coded, places, n, units } = taken;
  const scales = tensors.take(`${key}.scales`, 'F32', null);
  const zeroPoints = hasZeroPoints ? (tensors.take(`${key}.zeroPoints`, 'U8', null) as Uint8Array) : null;
  const count = coded ? places!.length : n;
  let values = tensors.take(name, dtype, [codeBytes(bits, count)]) as Uint8Array;
  if (coded) {
    if (bits === 1) tensors.fail(name, 'cannot be coded: no code of 1 bit is 0');
    if (!endsInZeros(values, bits, count)) tensors.fail(name, 'must be 0 behind the last code');
    const held = values;
    const zeroAt = zeroIn({ type: 'levels', bits, group, zeroPoints }, units);
    values = packedCodes(filled(unpackedCodes(held, bits, count), places!, n, zeroAt)!, bits);
  }
  return { values, bits, group, scales, zeroPoints };
}

function takePalette({ tensors, key, name, dtype, coded, places, n, units }: Taken): object {
  const centroids = tensors.take(`${key}.centroids`, 'F32', null) as Float32Array;
  const count = coded ? places!.length : n;
  const bits = bitsFor(centroids.length);
  const packed = tensors.take(name, dtype, [bytesFor(bits, count)]) as Uint8Array;
  const held = unpackBits(packed, bits, count);
  if (packBits(held, bits).at(-1) !== packed.at(-1)) tensors.fail(name, 'must be 0 behind the last code');
  if (!coded) return { values: held, centroids };
  const values = filled(held, places!, n, zeroIn({ type: 'palette', centroids }, units));
  return { values: values ?? tensors.fail(name, 'leaves out numbers, but no centroid is 0'), centroids };
}

/** A few values stand for as many numbers as the file has room for, and are not made into them. */
function takeHashed({ tensors, key, name, dtype, n }: Taken, seed: number): object {
  if (!tensors.takesWalk(n)) tensors.fail(key, `a file has ${Walk.MOST} numbers at most that are not there one by one`);
  return { values: tensors.take(name, dtype, null), seed };
}

function takeSparse(taken: Taken, width: SparseWidth): object {
  const { tensors, key, name, dtype, code = 'bitmask', shape, units } = taken;
  const { panels, line } = panelsOf(shape, width);
  const pattern = patternAt(tensors.takePlaces(key, code, panels * line, width), panels, line, width);
  const held = tensors.takeHeld(name, dtype, heldIn(pattern, units));
  return { values: withinColumns(held, pattern, units), ...pattern, ...takeScales(taken) };
}

/** The numbers held as blocks have them, with zeros behind the last column. */
export function withinColumns(held: Weights, pattern: SparsePattern, units: number): Weights {
  const values = zerosLike(held, pattern.rows.length * pattern.width);
  let at = 0;
  eachHeld(pattern, units, (_, i) => {
    values[i] = held[at++]!;
  });
  return values;
}

/** The pattern of blocks at these places, panel by panel. */
export function patternAt(blocks: Int32Array, panels: number, line: number, width: SparseWidth): SparsePattern {
  const starts = new Int32Array(panels + 1);
  for (const block of blocks) starts[Math.floor(block / line) + 1]!++;
  for (let p = 0; p < panels; p++) starts[p + 1]! += starts[p]!;
  return { width, starts, rows: blocks.map((block) => block % line) };
}
