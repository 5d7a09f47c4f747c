import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backend, cpu, type Kernels, setBackend, wasm } from 'whittle-ml';
import { startOf, Told } from './sessions.ts';

/** Weights and losses after so many epochs. */
const start = startOf({ isRunning: true, training: { epochs: 30 } });
const learned = (told: Told): unknown => {
  const { weights, losses, epoch } = told.last('stopped').progress;
  return { weights, losses, epoch };
};

describe('kernels that come after the first pictures', () => {
  let before: Kernels;
  beforeEach(() => {
    before = backend().kernels;
    setBackend(cpu);
  });
  afterEach(() => void setBackend(before));

  test('take over in the middle of training, and it learns the same to the bit', async () => {
    const alone = learned(await new Told().after(start));
    setBackend(wasm());
    expect(learned(await new Told().after(start))).toEqual(alone);

    setBackend(cpu);
    let come: () => void = () => {};
    const told = new Told(2, () => new Promise((resolve) => (come = () => resolve(wasm()))));
    const names: string[] = [];
    told.listener = (event) => {
      if (event.kind !== 'progress') return;
      names.push(backend().name);
      if (event.progress.epoch >= 3) come();
    };
    told.session.begin();
    await told.after(start);
    expect(learned(told)).toEqual(alone);
    expect(names[0]).toBe('cpu');
    expect(names.at(-1)).toBe('wasm');
    expect(told.all('ready').map(({ kernels }) => kernels)).toEqual(['cpu', 'wasm']);
  });

  test('stay away where they may not run', async () => {
    const told = new Told(0.2, async () => null);
    await told.after(start, start);
    expect(told.all('ready')).toEqual([]);
    expect(backend().name).toBe('cpu');
  });

  test('are asked for with the next experiment where they did not come', async () => {
    let asked = 0;
    const told = new Told(0.2, async () => {
      if (++asked === 1) throw new Error('no connection');
      return wasm();
    });
    await told.after(start);
    expect(backend().name).toBe('cpu');
    await told.after(start, start);
    expect(asked).toBe(2);
    expect(backend().name).toBe('wasm');
  });
});
