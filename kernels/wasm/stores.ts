import { type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/** Stores at the ends of rows: a load may read past an array, a store must not write past it. */

/** Stores the first `count` lanes of 32 bits; `count` is known when the code is written. */
export function storeLanes(count: number, at: Local, x: Local, offset = 0): Code {
  if (count >= 4) return v128.store(at, x, offset);
  if (count === 1) return v128.store32Lane(0, at, x, offset);
  return [v128.store64Lane(0, at, x, offset), count === 2 ? [] : v128.store32Lane(2, at, x, offset + 8)];
}

/** Stores the first `left` lanes of 32 bits of some vectors, or all of them if `left` is more. */
export function storeFirst(left: Local, at: Local, vectors: readonly Local[]): Code {
  const lanes = vectors.flatMap((x, v) =>
    [0, 1, 2, 3].map((lane) => when(i32.gtS(left, 4 * v + lane), v128.store32Lane(lane, at, x, 16 * v + 4 * lane))),
  );
  return when(
    i32.geS(left, lanes.length),
    vectors.map((x, v) => v128.store(at, x, 16 * v)),
    lanes,
  );
}

/** Stores `count` bytes from byte `first` on, 0 or 8; `count` is at most 8 and known when the code is written. */
export function storeBytes(count: number, at: Local, x: Local, first: number, offset = 0): Code {
  const parts: Code[] = [];
  let done = 0;
  for (const [bytes, store] of [[8, v128.store64Lane], [4, v128.store32Lane], [2, v128.store16Lane], [1, v128.store8Lane]] as const) {
    if (count - done < bytes) continue;
    parts.push(store((first + done) / bytes, at, x, offset + done));
    done += bytes;
  }
  return parts;
}
