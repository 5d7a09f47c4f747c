import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { Draw, opCases } from '../op-cases.ts';
import type { Plain } from '../plain.ts';
import { toTensor } from './tools.ts';

const made = (plain: Plain): w.Tensor => toTensor(plain, 'float32');
const reversed = (n: number): number[] => Array.from({ length: n }, (_, axis) => n - 1 - axis);

/** The same numbers, made in a step that is over: as they are, a part of more, transposed in memory, backwards, spread. */
const FORMS: Readonly<Record<string, (t: w.Tensor) => w.Tensor | null>> = {
  'as it is': (t) => w.reshape(w.concat([w.reshape(t, [-1])]), t.shape),
  'a part': (t) => w.reshape(w.slice(w.concat([w.reshape(t, [-1]), w.reshape(t, [-1])]), [[t.size]]), t.shape),
  'in columns': (t) => {
    const axes = reversed(t.rank);
    return t.rank < 2 ? null : w.permute(w.reshape(w.concat([w.permute(t, axes)]), [...t.shape].reverse()), axes);
  },
  backwards: (t) => {
    const back = t.shape.map(() => [null, null, -1] as const);
    return t.rank === 0 ? null : w.slice(w.concat([w.slice(t, back)]), back);
  },
  'spread out': (t) => (t.rank === 0 ? null : w.broadcastTo(w.concat([w.slice(t, [[0, 1]])]), t.shape)),
};

describe('an operand of a finished step is refused by', () => {
  test.each(opCases)('$name, whatever form it has and wherever it stands', ({ samples }) => {
    let tried = 0;
    for (const { inputs, apply } of samples(new Draw(5))) {
      inputs.forEach((plain, at) => {
        if (plain.data.length === 0) return; // nothing is read of it
        for (const [form, make] of Object.entries(FORMS)) {
          let stale: w.Tensor | null = null;
          w.step(() => {
            stale = make(made(plain));
          });
          if (stale === null) continue;
          const given = inputs.map((other, i) => (i === at ? stale! : made(other)));
          // What an operation gives on as it is, is refused when it is read.
          const read = (): unknown => [apply(...given)].flat().map(({ data }) => data);
          expect(read, `input ${at} of ${plain.shape}, ${form}`).toThrow(w.DisposedError);
          tried++;
        }
      });
    }
    expect(tried).toBeGreaterThan(0);
  });
});
