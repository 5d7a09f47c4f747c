import { describe, expect, test } from 'vitest';
import type { Command } from '../../site/src/engine/messages.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { Experimenting, type Ingredients } from '../../site/src/state/experimenting.ts';
import type { Point } from '../../site/src/state/points.ts';
import type { Settings } from '../../site/src/state/settings.ts';
import { Throttled, type Timer } from '../../site/src/state/throttle.ts';

/** A clock that goes on when it is told to. */
class Clock implements Timer {
  #now = 0;
  #last = 0;
  readonly #waiting = new Map<number, { at: number; act: () => void }>();

  after = (milliseconds: number, act: () => void): number => {
    this.#waiting.set(++this.#last, { at: this.#now + milliseconds, act });
    return this.#last;
  };
  cancel = (id: number): void => {
    this.#waiting.delete(id);
  };
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (const [id, { at, act }] of [...this.#waiting]) {
      if (at > this.#now || !this.#waiting.delete(id)) continue;
      act();
    }
  }
}

type Some<T> = { readonly [K in keyof T]?: Partial<T[K]> };
const made = (
  { data, network, training }: Some<Pick<Settings, 'data' | 'network' | 'training'>> = {},
  rest: Partial<Ingredients> = {},
): Ingredients => ({
  settings: {
    ...DEFAULTS,
    data: { ...DEFAULTS.data, ...data },
    network: { ...DEFAULTS.network, ...network },
    training: { ...DEFAULTS.training, ...training },
  },
  points: [],
  table: null,
  ...rest,
});
const points = (count: number): readonly Point[] => Array.from({ length: count }, (_, i): Point => [i / 100, 0, i % 2]);

function begun(isRunning = true) {
  const clock = new Clock();
  const sent: Command[] = [];
  const experimenting = new Experimenting((command) => sent.push(command), clock);
  experimenting.start(made(), isRunning);
  sent.length = 0;
  return { clock, sent, experimenting };
}
const kinds = (sent: readonly Command[]): string[] => sent.map(({ kind }) => kind);

describe('what the page asks of the engine', () => {
  test('a new experiment for other data or another network, once the hand rests, and what ran runs on', () => {
    for (const isRunning of [true, false]) {
      const { clock, sent, experimenting } = begun(isRunning);
      for (const noise of [0.2, 0.3, 0.4]) {
        experimenting.change(made({ data: { noise } }));
        clock.pass(100);
      }
      expect(sent).toEqual([]);
      clock.pass(100);
      const { data, network, training } = made({ data: { noise: 0.4 } }).settings;
      expect(sent).toEqual([{ kind: 'start', data, network, training, isRunning }]);
    }
  });

  test('an adjustment for what may change while it trains', () => {
    const { clock, sent, experimenting } = begun();
    const changes = [
      { learningRate: 0.1 },
      { batchSize: 8 },
      { epochs: 10 },
      { earlyStopping: true },
      { patience: 5 },
      { restoreBest: false },
    ];
    for (const training of changes) {
      sent.length = 0;
      experimenting.change(made({ training }));
      clock.pass(200);
      expect(sent).toEqual([{ kind: 'adjust', training: { ...DEFAULTS.training, ...training } }]);
    }
  });

  test('a new experiment for another loss or optimizer', () => {
    for (const training of [{ loss: 'hinge' }, { optimizer: 'sgd' }] as const) {
      const { clock, sent, experimenting } = begun();
      experimenting.change(made({ training }));
      clock.pass(200);
      expect(kinds(sent)).toEqual(['start']);
    }
  });

  test('nothing for what is no part of an experiment, or is set back', () => {
    const { clock, sent, experimenting } = begun();
    experimenting.change({ ...made(), settings: { ...DEFAULTS, tab: 'compress', language: 'zh' } });
    experimenting.change({ ...made(), points: points(20), table: { text: 'a,b', target: 'b' } });
    clock.pass(200);
    experimenting.change(made({ data: { noise: 1 } }));
    experimenting.change(made());
    clock.pass(200);
    expect(sent).toEqual([]);
  });

  test('what was changed a moment ago comes before run, pause and step', () => {
    for (const press of ['run', 'pause', 'step'] as const) {
      const { clock, sent, experimenting } = begun();
      experimenting.change(made({ training: { learningRate: 1 } }));
      experimenting[press]();
      clock.pass(200);
      expect(kinds(sent)).toEqual(['adjust', press]);
    }
  });

  test('after a pause or a step a changed network waits, after an end by itself it trains', () => {
    const { clock, sent, experimenting } = begun();
    const change = (seed: number): Command | undefined => {
      experimenting.change(made({ data: { seed } }));
      clock.pass(200);
      return sent.at(-1);
    };
    expect(change(2)).toMatchObject({ kind: 'start', isRunning: true });
    experimenting.pause();
    expect(change(3)).toMatchObject({ kind: 'start', isRunning: false });
    experimenting.run();
    expect(change(4)).toMatchObject({ isRunning: true });
    experimenting.step();
    expect(change(5)).toMatchObject({ isRunning: false });
    const progress = { kind: 'progress', progress: {} } as Parameters<Experimenting['hear']>[0];
    experimenting.hear(progress);
    expect(change(6)).toMatchObject({ isRunning: true });
    const stopped = (kind: string) => ({ kind: 'stopped', why: { kind } }) as Parameters<Experimenting['hear']>[0];
    experimenting.hear(stopped('done'));
    expect(change(7)).toMatchObject({ isRunning: true });
    experimenting.hear(stopped('paused'));
    expect(change(8)).toMatchObject({ isRunning: false });
  });

  test('points of one’s own once there are enough', () => {
    const { clock, sent, experimenting } = begun();
    const drawn = (count: number): Ingredients => made({ data: { name: 'drawn' } }, { points: points(count) });
    experimenting.change(drawn(9));
    clock.pass(200);
    expect(experimenting.start(drawn(9), true)).toBe(false);
    expect(sent.splice(0)).toEqual([{ kind: 'pause' }]);
    experimenting.change(drawn(10));
    clock.pass(200);
    expect(sent).toMatchObject([{ kind: 'start', points: points(10), isRunning: true }]);
    experimenting.change(drawn(11));
    clock.pass(200);
    expect(sent[1]).toMatchObject({ kind: 'start', points: points(11) });
  });

  test('while points or a table are awaited what was learned before rests, and what ran runs on with them', () => {
    for (const name of ['drawn', 'table'] as const)
      for (const isRunning of [true, false]) {
        const { clock, sent, experimenting } = begun(isRunning);
        const missing = made({ data: { name } });
        experimenting.change(made({ training: { learningRate: 1 } })); // a moment ago: it is not asked for any more
        experimenting.change(missing);
        expect(sent).toEqual([{ kind: 'pause' }]); // at once
        const stopped = { kind: 'stopped', why: { kind: 'paused' } } as Parameters<Experimenting['hear']>[0];
        const progress = { kind: 'progress' } as Parameters<Experimenting['hear']>[0];
        for (const event of [progress, stopped]) experimenting.hear(event);
        experimenting.change(missing);
        if (!isRunning) {
          experimenting.run();
          experimenting.step();
          experimenting.pause();
        }
        expect(sent).toHaveLength(1);
        // What was before does not go on either
        experimenting.change(made());
        clock.pass(200);
        expect(sent[1]).toMatchObject({ kind: 'start', isRunning });
      }
  });

  test('what has not begun, or was refused, is not paused while points are awaited', () => {
    const sent: Command[] = [];
    const experimenting = new Experimenting((command) => sent.push(command), new Clock());
    experimenting.change(made({ data: { name: 'drawn' } }));
    experimenting.run();
    expect(sent).toEqual([]);
    experimenting.start(made(), true);
    experimenting.hear({ kind: 'refused', of: 'start', reason: { kind: 'no table' } });
    experimenting.change(made({ data: { name: 'drawn' } }));
    expect(kinds(sent)).toEqual(['start']);
  });

  test('a table once there is one; points and tables go with no other data', () => {
    const { clock, sent, experimenting } = begun();
    const table = { text: 'a,b\n1,2', target: 'b' };
    experimenting.change(made({ data: { name: 'table' } }));
    clock.pass(200);
    expect(sent.splice(0)).toEqual([{ kind: 'pause' }]);
    experimenting.change(made({ data: { name: 'table' } }, { table, points: points(20) }));
    clock.pass(200);
    expect(sent).toMatchObject([{ kind: 'start', table }]);
    expect(sent[0]).not.toHaveProperty('points');
  });

  test('what was refused is asked anew at the next change, and what the engine settled is not', () => {
    const { clock, sent, experimenting } = begun();
    experimenting.settle(made({ training: { loss: 'hinge' } }));
    experimenting.change(made({ training: { loss: 'hinge' } }));
    clock.pass(200);
    expect(sent).toEqual([]);
    experimenting.hear({ kind: 'refused', of: 'start', reason: { kind: 'no table' } });
    experimenting.change(made({ training: { learningRate: 1 } }));
    clock.pass(200);
    expect(kinds(sent)).toEqual(['start']);
  });

  test('what was refused is asked anew by run and step too: the experiment before it does not go on', () => {
    for (const press of ['run', 'step'] as const) {
      const { clock, sent, experimenting } = begun(false);
      const seed = (changed: number): Ingredients => made({ data: { seed: changed } });
      const refused = () => experimenting.hear({ kind: 'refused', of: 'start', reason: { kind: 'no table' } });
      experimenting.change(seed(2));
      clock.pass(200);
      refused();
      experimenting[press]();
      expect(sent).toMatchObject([
        { kind: 'start', data: { seed: 2 } },
        { kind: 'start', data: { seed: 2 }, isRunning: press === 'run' },
      ]);
      refused();
      experimenting.change(seed(3));
      experimenting[press]();
      expect(sent.slice(2)).toMatchObject([{ kind: 'start', data: { seed: 3 } }, { kind: press }]);
    }
  });

  test('an experiment that has begun after one that was refused goes on', () => {
    const { clock, sent, experimenting } = begun();
    experimenting.start(made({ data: { seed: 2 } }), true);
    experimenting.start(made({ data: { seed: 3 } }), true);
    experimenting.hear({ kind: 'refused', of: 'start', reason: { kind: 'no table' } });
    experimenting.hear({ kind: 'started' } as Parameters<Experimenting['hear']>[0]);
    experimenting.change(made({ data: { seed: 3 }, training: { learningRate: 1 } }));
    experimenting.run();
    clock.pass(200);
    expect(kinds(sent)).toEqual(['start', 'start', 'adjust', 'run']);
  });
});

test('a throttled act is done with the last value, once in a time', () => {
  const clock = new Clock();
  const done: number[] = [];
  const throttled = new Throttled<number>(400, (value) => done.push(value), clock);
  for (const value of [1, 2, 3]) throttled.call(value);
  clock.pass(399);
  expect(done).toEqual([]);
  clock.pass(1);
  expect(done).toEqual([3]);
  throttled.call(4);
  clock.pass(400);
  clock.pass(400);
  expect(done).toEqual([3, 4]);
});
