import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { breather } from '../../src/base/breather.ts';

/** The time that the program sees, in milliseconds: it goes on only where a test says so. */
let now = 0;

beforeEach(() => {
  now = 5000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('long work lets other work in', () => {
  test('after more than 12 ms, and not before', () => {
    const breathe = breather();
    expect(breathe()).toBeUndefined();
    now += 12;
    expect(breathe()).toBeUndefined();
    now += 0.01;
    expect(breathe()).toBeInstanceOf(Promise);
  });

  test('once for each such time, from the end of the pause on', async () => {
    const breathe = breather();
    let pauses = 0;
    for (let i = 0; i < 40; i++) {
      now += 5;
      const pause = breathe();
      if (pause === undefined) continue;
      pauses++;
      now += 50; // other work
      await pause;
    }
    expect(pauses).toBe(13); // at every third call
  });

  test('of others by timers of their own, and each kind of work counts for itself', async () => {
    const [first, second] = [breather(), breather()];
    const heard: string[] = [];
    setTimeout(() => heard.push('a timer'), 0);
    now += 13;
    const pause = first();
    expect(second()).toBeInstanceOf(Promise);
    await pause;
    expect(heard).toEqual(['a timer']);
    expect(first()).toBeUndefined();
  });
});
