import { grouped, ValueError } from '../base/errors.ts';
import { elementsOf } from '../base/shape.ts';
import { aligned } from '../base/text.ts';
import { numbersHeld, zerosOf } from '../graph/cost.ts';
import { isSparse, type Stored } from '../graph/encoding.ts';
import { CODE_NAMES, tensorOf } from './codes/decoders.ts';
import { READER } from './network-file.ts';
import { KEY, readNetwork } from './read-network.ts';
import { decodeSafetensors, type SafeTensor } from './safetensors.ts';
import { type CodedPart, type See, takeCoded } from './take-coded.ts';

/**
 * What bytes of a file are: the numbers of a weight, or their codes; the places of those that are held, or that a mask lets live;
 * the tables of a Huffman code; the centroids of a palette; scales and zero points; the header, or a head of a coded weight; zeros
 * and blanks so that arrays are aligned; tensors that are not the network's, such as an optimizer's.
 */
export type PartName = CodedPart | 'alignment' | 'other';

/** A part of a file. */
export interface FilePart {
  /** The key of the weight whose part it is; null for what is of the whole file. */
  readonly weight: string | null;
  readonly part: PartName;
  readonly bytes: number;
  /** How many numbers they stand for; of `values` alone. */
  readonly numbers?: number;
}

/** What a tensor is whose name is that of a weight and this. */
const ENDINGS: Readonly<Record<string, PartName>> = {
  '': 'values',
  '.values': 'values',
  '.bitmask': 'positions',
  '.deltas': 'positions',
  '.mask.bitmask': 'positions',
  '.mask.deltas': 'positions',
  '.centroids': 'codebook',
  '.scales': 'scales',
  '.zeroPoints': 'scales',
};
const CODED_TENSORS: readonly string[] = CODE_NAMES.map(tensorOf);
/** Tensors of files of version 1, whose names are those of layers and these, by the role of their weight. */
const OLD_ENDINGS: Readonly<Record<string, readonly [role: string, part: PartName]>> = {
  '.weights': ['/kernel', 'values'],
  '.bias': ['/bias', 'values'],
  '.scales': ['/kernel', 'scales'],
};

/**
 * What each part of a network's file costs, in bytes that add up to its length: by weight in the order in which the network uses
 * them, and last what is of the whole. Of a safetensors file without a network all tensors are `other`. Throws what
 * `decodeNetwork` throws for a file that is none.
 *
 * @example
 * const file = encodeNetwork(toNetwork(model));
 * const parts = fileParts(file);
 * parts[0]; // { weight: 'dense/kernel', part: 'values', bytes: 512, numbers: 128 }
 * parts.reduce((sum, { bytes }) => sum + bytes, 0) === file.length; // true
 */
export function fileParts(file: Uint8Array): FilePart[] {
  const { tensors, metadata } = decodeSafetensors(file);
  const found: FilePart[] = [];
  let weights: ReadonlyMap<string, Stored> = new Map();
  let others: ReadonlyMap<string, SafeTensor> = tensors;
  if (metadata.has(KEY)) {
    const see: See = (weight, part, bytes) => found.push({ weight, part, bytes });
    const read = readNetwork(file, { ...READER, takeCoded: (held, keys) => takeCoded(held, keys, see) });
    weights = read.network.weights;
    others = read.tensors;
  }
  let otherBytes = 0;
  for (const [name, { data }] of tensors) {
    const isCoded = CODED_TENSORS.includes(name) && !weights.has(name); // told of weight by weight
    const part = others.has(name) || isCoded ? null : partOf(name, data.byteLength, weights);
    if (part !== null) found.push(part);
    else if (!isCoded || others.has(name)) otherBytes += data.byteLength;
  }
  const header = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  let blanks = 0;
  while (file[8 + header - 1 - blanks] === 0x20) blanks++;
  return [
    ...[...weights].flatMap(([key, weight]) => ofWeight(key, weight, found)),
    ...[
      { weight: null, part: 'header' as const, bytes: 8 + header - blanks },
      { weight: null, part: 'alignment' as const, bytes: blanks },
      { weight: null, part: 'other' as const, bytes: otherBytes },
    ].filter(({ bytes }) => bytes > 0),
  ];
}

/** The part that a tensor of the network is; null for one that no table knows. */
function partOf(name: string, bytes: number, weights: ReadonlyMap<string, Stored>): FilePart | null {
  for (const [ending, part] of Object.entries(ENDINGS)) {
    const weight = name.slice(0, name.length - ending.length);
    if (name.endsWith(ending) && weights.has(weight)) return { weight, part, bytes };
  }
  const at = name.lastIndexOf('.');
  const [role, part] = OLD_ENDINGS[name.slice(at)] ?? [];
  return part === undefined ? null : { weight: name.slice(0, at) + role, part, bytes };
}

/** The parts of a weight, each once. */
function ofWeight(key: string, weight: Stored, found: readonly FilePart[]): FilePart[] {
  const sums = new Map<PartName, number>();
  for (const { weight: own, part, bytes } of found) if (own === key) sums.set(part, (sums.get(part) ?? 0) + bytes);
  return [...sums].map(([part, bytes]) => ({
    weight: key,
    part,
    bytes,
    ...(part === 'values' && { numbers: sums.has('positions') ? aliveIn(weight) : numbersHeld(weight) }),
  }));
}

/** How many numbers are held: those of a sparse weight, that a mask lets live, or that are not 0. */
function aliveIn(weight: Stored): number {
  const { shape, encoding, mask } = weight;
  if (isSparse(encoding)) return numbersHeld(weight);
  const isZeroAt = zerosOf(weight);
  let alive = 0;
  for (let i = 0; i < elementsOf(shape); i++) if (mask === null ? !isZeroAt(i) : mask[i] !== 0) alive++;
  return alive;
}

/**
 * The parts as lines of text, with their shares of the file, and the bits that each number takes. Throws ValueError for a file.
 *
 * @example
 * const [first] = filePartsText(fileParts(encodeNetwork(toNetwork(model)))).split('\n');
 * first; // dense/kernel values 512 34.6 % 32.00 bits for each of 128
 */
export function filePartsText(parts: readonly FilePart[]): string {
  if (!Array.isArray(parts)) throw new ValueError('filePartsText', 'parts', 'what fileParts(file) gives', parts);
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = parts.map(({ weight, part, bytes, numbers }) => [
    weight ?? 'the file',
    part,
    grouped(bytes),
    `${((100 * bytes) / Math.max(1, total)).toFixed(1)} %`,
    numbers === undefined || numbers === 0
      ? ''
      : `${((8 * bytes) / numbers).toFixed(2)} bits for each of ${grouped(numbers)}`,
  ]);
  rows.push(['in all', '', grouped(total), '', '']);
  return aligned(rows, [2, 3]).join('\n');
}
