import { JsonObject, type JsonValue, parseJson } from '../../io/json.ts';

/**
 * What a .tflite file can not say and the same bits need, as JSON in its metadata: scales that float32 rounds, by the names of
 * their tensors; the values whose sums become int8 in float32 and not in whole numbers as TFLite's do, and those that become it as
 * XNNPACK has it; and the int32 biases that cannot be told from the real ones that the file has of them. A hint counts where
 * it agrees with the file, and else is passed over.
 */
export interface Hint {
  readonly scales: ReadonlyMap<string, number>;
  readonly float: ReadonlySet<string>;
  readonly xnnpack: ReadonlySet<string>;
  readonly biases: ReadonlyMap<string, readonly number[]>;
}

export const HINT = 'whittle';

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isInt32 = (value: unknown): value is number => isNumber(value) && (value | 0) === value;

/** The entries of an object of JSON whose values are as they have to be. */
const entriesOf = <T extends JsonValue>(
  value: JsonValue | undefined,
  is: (each: JsonValue) => each is T,
): [string, T][] =>
  value instanceof JsonObject ? [...value].filter((entry): entry is [string, T] => is(entry[1])) : [];

const namesOf = (value: JsonValue | undefined): ReadonlySet<string> =>
  new Set(Array.isArray(value) ? value.filter((name) => typeof name === 'string') : []);

/** What a file without a hint says. */
export const NO_HINT: Hint = { scales: new Map(), float: new Set(), xnnpack: new Set(), biases: new Map() };

/** The hint in such bytes; an empty one where they hold none. */
export function readHint(bytes: Uint8Array | undefined): Hint {
  if (bytes === undefined) return NO_HINT;
  let fields: JsonValue = null;
  try {
    fields = parseJson(new TextDecoder().decode(bytes), (problem) => new Error(problem), { maxDepth: 4 });
  } catch {
    // No JSON is no hint
  }
  if (!(fields instanceof JsonObject)) return NO_HINT;
  return {
    scales: new Map(entriesOf(fields.get('scales'), isNumber)),
    float: namesOf(fields.get('float')),
    xnnpack: namesOf(fields.get('xnnpack')),
    biases: new Map(
      entriesOf(fields.get('biases'), (each): each is number[] => Array.isArray(each) && each.every(isInt32)),
    ),
  };
}

/** Its bytes; null where there is nothing to say. */
export function writeHint({ scales, float, xnnpack, biases }: Hint): Uint8Array | null {
  if (scales.size + float.size + xnnpack.size + biases.size === 0) return null;
  const fields = {
    scales: Object.fromEntries(scales),
    float: [...float],
    ...(xnnpack.size > 0 && { xnnpack: [...xnnpack] }),
    biases: Object.fromEntries(biases),
  };
  return new TextEncoder().encode(JSON.stringify(fields));
}
