import { type Local, sequence, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { i32 } from './scalars.ts';
import { v128 } from './vectors.ts';

/** Stores at the ends of rows: a load may read past an array, a store must not write past it. */

/** Stores the first `count` lanes of 32 bits; `count` is known when the code is written. */
export function storeLanes(count: number, at: Value, x: Local, offset = 0): Code {
  if (count === 4) return v128.store(at, x, offset);
  if (count === 1) return v128.store32Lane(0, at, x, offset);
  const two = v128.store64Lane(0, at, x, offset);
  return count === 2 ? two : sequence(two, v128.store32Lane(2, at, x, offset + 8));
}

/** Stores the first `left` lanes of 32 bits of some vectors, or all of them if `left` is more. */
export function storeFirst(left: Local, at: Local, vectors: readonly Local[]): Code {
  const lanes = vectors.flatMap((x, v) =>
    [0, 1, 2, 3].map((lane) => when(i32.gtS(left, 4 * v + lane), v128.store32Lane(lane, at, x, 16 * v + 4 * lane))),
  );
  return when(
    i32.geS(left, lanes.length),
    sequence(...vectors.map((x, v) => v128.store(at, x, 16 * v))),
    sequence(...lanes),
  );
}

/** Stores the first `left` of 16 bytes, or all of them if `left` is more. Less than all spends `x` and `at`. */
export function storeBytes(left: Local, at: Local, x: Local): Code {
  const part = (size: number, store: Code): Code => {
    const rest = Array.from({ length: 16 }, (_, i) => (i + size) & 15);
    return when(i32.and(left, size), sequence(store, x.set(v128.shuffle8(rest, x, x)), at.set(i32.add(at, size))));
  };
  return when(
    i32.geS(left, 16),
    v128.store(at, x),
    sequence(
      part(8, v128.store64Lane(0, at, x)),
      part(4, v128.store32Lane(0, at, x)),
      part(2, v128.store16Lane(0, at, x)),
      part(1, v128.store8Lane(0, at, x)),
    ),
  );
}
