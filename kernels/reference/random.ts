import type { FloatArray } from '../arrays.ts';
import type { RandomKernels } from '../interface/random.ts';
import type { Scalar } from './elementwise.ts';
import { cosTurns64, normalRadius64, sinTurns64 } from './math.ts';
import { philoxBlock } from './philox.ts';

const words: Uint32Array = new Uint32Array(4);

/** Random numbers by counter: the same numbers in both tables, those of float32 rounded. */
export function random<F extends FloatArray>(round: Scalar): RandomKernels<F> {
  return {
    philox: (n, random, y) => {
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philoxBlock(random, i >>> 2, words, 0);
        y[i] = words[i & 3]!;
      }
    },
    uniform: (n, random, y) => {
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philoxBlock(random, i >>> 2, words, 0);
        y[i] = (words[i & 3]! >>> 8) / 16777216;
      }
    },
    // Box & Muller 1958: a radius from the even word, an angle from the odd one.
    normal: (n, random, y) => {
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philoxBlock(random, i >>> 2, words, 0);
        const turns = words[(i & 3) | 1]!;
        y[i] = normalRadius64(words[i & 2]!) * ((i & 1) === 0 ? cosTurns64(turns) : sinTurns64(turns));
      }
    },
    dropout: (n, x, rate, random, y) => {
      const threshold = Math.floor(rate * 4294967296);
      const scale = round(1 / (1 - rate));
      for (let i = 0; i < n; i++) {
        if ((i & 3) === 0) philoxBlock(random, i >>> 2, words, 0);
        y[i] = words[i & 3]! >= threshold ? x[i]! * scale : 0;
      }
    },
  };
}
