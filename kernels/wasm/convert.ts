import type { TypedArray } from '../arrays.ts';
import type { MovementKernels } from '../interface/movement.ts';
import type { Engine, Slot } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32x4 from './instructions/i32x4.ts';
import { type Elements, type Expression, mapSlot } from './map.ts';

/**
 * Conversions between float32, int32, int8, uint8 and bools. Lanes are int32 on the way from one integer to another, and
 * saturate where they become narrower. An array from elsewhere is staged part by part, since TypeScript takes several times as
 * long, but not to become floats: `set` does that in a third of the time.
 */

type Lanes = Exclude<Elements, 'bools'>;

/** How the numbers of an array lie, and whether they are floats; undefined for those of eight bytes. */
function lanesOf(array: TypedArray): { readonly lanes: Lanes; readonly isFloat: boolean } | undefined {
  if (array instanceof Float32Array) return { lanes: 'words', isFloat: true };
  if (array instanceof Int32Array) return { lanes: 'words', isFloat: false };
  if (array instanceof Int8Array) return { lanes: 'codes', isFloat: false };
  return array instanceof Uint8Array ? { lanes: 'bytes', isFloat: false } : undefined;
}

const toFloats: Expression = (_, x) => f32x4.convertI32x4S(x);
const toInts: Expression = (_, x) => i32x4.truncSatF32x4S(x);
const same: Expression = (_, x) => x;
const isReal: Expression = (work, x) => f32x4.ne(x, work.f32(0));
const isWhole: Expression = (_, x) => i32x4.ne(x, i32x4.splat(0));

/** Numbers from which on a conversion of an array from elsewhere is faster here (Node 20), and numbers of a part of it. */
const STAGED_FROM = 512;
const STAGED_AT_ONCE = 8192;

/** The kernel. */
export function convertOf(engine: Engine): MovementKernels['convert'] {
  const { args, heap } = engine;
  const slots = new Map<string, Slot>();
  const slotFor = (input: Lanes, isFloat: boolean, output: Elements, toFloat: boolean): Slot => {
    const key = `${input} ${isFloat} ${output} ${toFloat}`;
    let slot = slots.get(key);
    if (slot === undefined) {
      const whole = isFloat ? toInts : same;
      const expression = output === 'bools' ? (isFloat ? isReal : isWhole) : toFloat ? toFloats : whole;
      slot = mapSlot(engine, { inputs: [input], output }, expression);
      slots.set(key, slot);
    }
    return slot;
  };
  return (n, x, bool, y) => {
    const from = lanesOf(x);
    const to = lanesOf(y);
    const isHere = heap.has(x) && heap.has(y);
    const isCopy = x.constructor === y.constructor && !bool;
    const isBetterThere = !isHere && (to?.isFloat === true || n < STAGED_FROM);
    if (from === undefined || to === undefined || isCopy || isBetterThere) {
      engine.orElse.convert(n, x, bool, y);
      return;
    }
    const slot = slotFor(from.lanes, from.isFloat, bool ? 'bools' : to.lanes, to.isFloat);
    if (isHere) {
      args.done(slot.fn(n, args.read(x, n), args.write(y, n)));
      return;
    }
    for (let i = 0; i < n; i += STAGED_AT_ONCE) {
      const count = Math.min(STAGED_AT_ONCE, n - i);
      const part = x.subarray(i, i + count);
      const result = y.subarray(i, i + count);
      args.done(slot.fn(count, args.read(part, count), args.write(result, count)));
    }
  };
}
