import { defineClaim } from '../../lab/src/article/claim.ts';
import type { Loaded } from '../../lab/src/article/load.ts';
import { type Report, resultOf } from '../../lab/src/article/results.ts';

/** A claim that costs nothing: 0.1 a seed and 2 more, of a unit and without one. */
export const claim = defineClaim({
  id: 'I.1-small',
  mistake: 3,
  section: 'I.1',
  title: { en: 'A <title> & more', zh: '标题 <b>' },
  claim: { en: 'It says "so".', zh: '它说“如此”。' },
  quick: true,
  arms: {
    before: { en: 'before <i>', zh: '之前', unit: { en: 'points', zh: '个百分点' } },
    after: { en: 'after', zh: '之后', unit: { en: 'points', zh: '个百分点' } },
    loss: { en: 'loss', zh: '损失' },
  },
  measure: (seed, { quick }) => ({ before: 1, after: 3 + 0.1 * seed, loss: quick ? 1 : 2 }),
  effect: {
    name: { en: 'gain', zh: '增益' },
    of: ['after', 'before'],
    unit: { en: 'points', zh: '个百分点' },
    better: 'higher',
    smallest: 1,
  },
  reasons: { holds: { en: 'From {before} to {after}, by {effect}.', zh: '从 {before} 到 {after}，增加 {effect}。' } },
  citations: [{ text: 'A & B 2020', url: 'https://example.org/?a=1&b=2' }, { text: 'C 1999' }],
  example: { before: 'if a < b:\n    print("&")', after: 'none' },
});

export const clocked = defineClaim({
  id: 'II.6.1-clock',
  section: 'II.6.1',
  title: { en: 'Time', zh: '时间' },
  claim: { en: 'It is faster.', zh: '更快。' },
  quick: false,
  clock: true,
  arms: { time: { en: 'time', zh: '时间' } },
  measure: (seed) => ({ time: seed }),
  effect: { name: { en: 'time', zh: '时间' }, of: 'time', better: 'lower', smallest: -1 },
  verdict: () => 'depends',
  reasons: {},
  citations: [{ text: 'D 2001' }],
});

export const SMALL: Loaded = { claim, digest: 'a', example: 'const shown = a < b && "c";\n' };
export const CLOCK: Loaded = { claim: clocked, digest: 'b', example: '' };

/** Both, over five seeds. */
export function report(): Report {
  const seeds = [0, 1, 2, 3, 4];
  const small = seeds.map((seed) => ({ seed, figures: { before: 1, after: 3 + 0.1 * seed, loss: 1 } }));
  const clock = seeds.map((seed) => ({ seed, figures: { time: seed } }));
  return { version: '1.2.3', quick: true, seeds, results: [resultOf(SMALL, small), resultOf(CLOCK, clock)] };
}
