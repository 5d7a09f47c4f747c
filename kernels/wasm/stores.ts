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

/** Stores the first `bytes` < 16 bytes, a number found at run time. `at` and `x` are spent. `least` divides `bytes`. */
export function storeBytes(bytes: Value, at: Local, x: Local, least: 1 | 4): Code {
  const part = (size: number, store: Code): Code =>
    when(
      i32.and(bytes, size),
      sequence(
        store,
        at.set(i32.add(at, size)),
        x.set(
          v128.shuffle8(
            Array.from({ length: 16 }, (_, i) => (i + size) & 15),
            x,
            x,
          ),
        ),
      ),
    );
  return sequence(
    part(8, v128.store64Lane(0, at, x)),
    part(4, v128.store32Lane(0, at, x)),
    ...(least === 4 ? [] : [part(2, v128.store16Lane(0, at, x)), part(1, v128.store8Lane(0, at, x))]),
  );
}
