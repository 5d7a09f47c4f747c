import type { TypedArray } from '../../kernels/arrays.ts';
import { ShapeError, ValueError } from './errors.ts';
import { MAX_RANK } from './shape.ts';

/** Nested arrays of numbers. */
type Nested = number | boolean | readonly Nested[];

/** Typed arrays of numbers; those for which there is no element type are copied to one that holds their numbers. */
export type NumberArray = TypedArray | Uint8ClampedArray | Int16Array | Uint16Array | Uint32Array;

const KNOWN = [Float32Array, Float64Array, Int32Array, Int8Array, Uint8Array];

/**
 * Numbers of samples as a tensor can be made of them. Throws for whatever is none, and for samples of unlike shape, naming
 * the argument and the sample, and what to write instead of text.
 */
export function numbersOf(op: string, name: string, given: unknown, forTexts?: string): TypedArray | Nested {
  if (ArrayBuffer.isView(given)) return typedOf(op, name, given);
  const isOther = (each: unknown): boolean => typeof each === 'object' && each !== null && !Array.isArray(each);
  if (!Array.isArray(given) || given.some((each) => isOther(each) && !ArrayBuffer.isView(each)))
    throw new ValueError(op, name, 'a tensor, nested arrays or a typed array', given);
  const samples: readonly unknown[] = given.map((sample) => plain(sample, 1));
  const shape: number[] = [];
  for (let level = samples[0]; Array.isArray(level) && shape.length < MAX_RANK; level = level[0])
    shape.push(level.length);
  const check = (value: unknown, axis: number, sample: number): void => {
    const isList = Array.isArray(value);
    if (!isList && typeof value !== 'number' && typeof value !== 'boolean')
      throw new ValueError(op, `sample ${sample} of ${name}`, 'of numbers', value, remedyFor(value, axis, forTexts));
    const length = isList ? value.length : undefined;
    if (length !== shape[axis]) {
      const [own, other] = [length, shape[axis]].map((n) => (n === undefined ? 'a number' : `${n} entries`));
      throw new ShapeError(
        op,
        [],
        `the nested arrays are ragged: sample ${sample} of ${name} has ${own}, not ${other}`,
      );
    }
    if (isList) for (let i = 0; i < value.length; i++) check(value[i], axis + 1, sample);
  };
  for (let i = 0; i < samples.length; i++) check(samples[i], 0, i);
  return samples as Nested;
}

function typedOf(op: string, name: string, given: ArrayBufferView): TypedArray {
  if (KNOWN.some((known) => given instanceof known)) return given as TypedArray;
  if (given instanceof DataView || given instanceof BigInt64Array || given instanceof BigUint64Array)
    throw new ValueError(
      op,
      name,
      'an array of numbers',
      given,
      'Float64Array.from(values, Number) makes one of BigInts',
    );
  const numbers = given as Uint32Array;
  const integers = Int32Array.from(numbers);
  return integers.every((value, i) => value === numbers[i]) ? integers : Float64Array.from(numbers);
}

/** Typed arrays inside as plain ones. An array may contain itself, so the depth has an end. */
function plain(value: unknown, depth: number): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as Uint8Array)];
  const isDeep = Array.isArray(value) && depth < MAX_RANK && typeof value[0] === 'object';
  return isDeep ? value.map((inner) => plain(inner, depth + 1)) : value;
}

function remedyFor(value: unknown, axis: number, forTexts: string | undefined): string {
  if (typeof value === 'bigint') return 'Number(value) makes one of a BigInt';
  if (typeof value !== 'string') return '';
  if (value.trim() !== '' && Number.isFinite(Number(value))) return 'Number(text) makes one of text';
  if (forTexts !== undefined) return forTexts;
  if (axis > 0) return 'Put a number for the text, or a column of 0 and 1 for each different text';
  return 'Map text to class numbers: const names = [...new Set(labels)]; labels.map((label) => names.indexOf(label))';
}
