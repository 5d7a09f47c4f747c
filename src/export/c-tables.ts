import type { RoutineName } from './c-routine.ts';
import type { Held } from './product.ts';
import { type Numbers, stored } from './storage.ts';

/** How C holds tables of real numbers that rows are taken from: in forms in which a row is found without those before it. */
export interface TableText {
  readonly routine: RoutineName;
  readonly bytes: number;
  /** What the routine takes between its counts and the indices: arrays in flash, and counts. */
  readonly args: readonly (Numbers | Uint8Array | number)[];
}

/** What a routine takes in flash, at most: bytes of Thumb-2 at -Os (arm-none-eabi-gcc 12). */
const CODE_BYTES = 120;

/**
 * A table [entries, units] in the form of the fewest bytes; as it is, which is fastest, unless another saves an eighth with its
 * routine. `held` is what its numbers are made of.
 */
export function smallestTable(values: Float32Array, held: Held | null, units: number): TableText {
  const plain: TableText = { routine: 'gather', bytes: values.byteLength, args: [values] };
  // Codes and masks know one zero, and what is looked up is given as it is
  const isSigned = values.some((x) => Object.is(x, -0));
  const forms = [
    ...(isSigned ? [] : [...codedTable(values), ...maskedTable(values, units)]),
    ...(held === null ? [] : heldTable(held, units)),
  ];
  const least = forms.reduce((best, other) => (other.bytes < best.bytes ? other : best), plain);
  return least.bytes + CODE_BYTES < plain.bytes * (7 / 8) ? least : plain;
}

/** Which of at most 256 numbers each is. */
function codedTable(values: Float32Array): TableText[] {
  const found = stored(values, ['plain', 'palette']);
  if (found.form !== 'palette') return [];
  return [{ routine: 'gather_coded', bytes: found.bytes, args: [found.table, found.bits, found.codes] }];
}

/** A bit for each number that is 0, and how many others are before each row. */
function maskedTable(values: Float32Array, units: number): TableText[] {
  const found = stored(values, ['masked']);
  if (found.form !== 'masked' || found.values.length === 0 || found.values.length > 65535) return [];
  const starts = new Uint16Array(values.length / units);
  for (let row = 1, held = 0; row < starts.length; row++) {
    for (const x of values.subarray((row - 1) * units, row * units)) if (x !== 0) held++;
    starts[row] = held;
  }
  return [
    {
      routine: 'gather_masked',
      bytes: found.bytes + starts.byteLength,
      args: [starts, found.mask, found.values],
    },
  ];
}

function heldTable(held: Held, units: number): TableText[] {
  if (held.as === 'float32') return [];
  const { numbers } = held;
  if (held.as !== 'levels') return [{ routine: `gather_${held.as}`, bytes: numbers.byteLength, args: [numbers] }];
  const { scales } = held;
  const group = Math.min(held.group, numbers.length / units);
  const codes = stored(Float32Array.from(numbers), ['plain', 'palette']);
  if (codes.form !== 'palette') return [];
  const bytes = codes.bytes + scales.byteLength;
  return [{ routine: 'gather_levels', bytes, args: [codes.table, codes.bits, codes.codes, scales, group] }];
}
