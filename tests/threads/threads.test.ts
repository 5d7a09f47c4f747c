import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Past this a scenario hangs. */
const LIMIT = 55_000;

/** What a scenario printed; it runs in a process of its own and must end by itself. */
function run(scenario: string, threads = 2): unknown {
  const script = fileURLToPath(new URL('scenarios.mjs', import.meta.url));
  const printed = execFileSync(process.execPath, [script, scenario, String(threads)], {
    encoding: 'utf8',
    timeout: LIMIT,
  });
  return JSON.parse(printed);
}

const whole = (count: number) => ({
  count,
  alive: count,
  isBroken: false,
  reason: count === 1 ? 'the caller computes alone' : `all ${count} threads compute`,
});
const off = { count: 1, alive: 1, isBroken: false, reason: 'threads are off' };
const late = {
  count: 2,
  alive: 1,
  isBroken: true,
  reason: '1 of 2 threads compute: a worker has not answered in time',
};

describe('products on several threads', () => {
  test.each([1, 2, 3])('have the bits of one thread, and workers deliver: %i', (threads) => {
    expect(run('products', threads)).toEqual({
      status: whole(threads),
      wrong: 0,
      isShared: true,
      delivered: threads > 1,
    });
  });

  test('are split only if they are large, and tall enough', () => {
    expect(run('small')).toEqual({ delivered: 0 });
  });

  test('are right after the memory has grown, and arrays from before are alive', () => {
    expect(run('growing')).toEqual({ grew: true, wrong: 0, delivered: true, kept: [7, 7, 7, 7] });
  });

  test('make a training with the weights of one thread, eager and replayed', () => {
    const alone = run('training', 0) as { digest: string };
    const { digest } = alone;
    expect(alone).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), isReplayed: true, delivered: false });
    expect(run('training', 1)).toEqual({ digest, isReplayed: true, delivered: false });
    expect(run('training', 2)).toEqual({ digest, isReplayed: true, delivered: true });
    expect(run('training', 3)).toEqual({ digest, isReplayed: true, delivered: true });
  });
});

describe('products of integers and levels', () => {
  test('have the bits of one thread', () => {
    const alone = run('integers', 0);
    expect(alone).toEqual({ bits: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(run('integers', 1)).toEqual(alone);
    expect(run('integers', 2)).toEqual(alone);
  });

  test('by whole numbers alone, in fixed point, transposed and of tables too', () => {
    const alone = run('whole', 0) as { bits: string; ops: string[] };
    expect(alone.bits).toMatch(/^[0-9a-f]{64}$/);
    const ops = ['activation', 'conv', 'convTranspose', 'embedding', 'multiplier convTranspose', 'multiplier dense'];
    expect(alone.ops).toEqual(expect.arrayContaining(ops));
    for (const count of [1, 2]) expect(run('whole', count)).toEqual(alone);
  });
});

describe('a worker that fails costs no result and no hang', () => {
  test('killed in the middle of 200 products: the pool is broken, then whole again', () => {
    expect(run('killed')).toEqual({ wrong: 0, broken: late, mended: whole(2), after: 0, delivered: true });
  });

  test('killed while idle: replaced on request', () => {
    expect(run('repaired')).toEqual({ wrong: 0, mended: whole(3), after: 0, delivered: true });
  });

  test('late: takes part again once it has answered', () => {
    expect(run('late')).toEqual({ wrong: 0, broken: late, mended: whole(2), same: true });
  });

  test('silent: replaced', () => {
    expect(run('silent')).toEqual({ wrong: 0, broken: late, mended: whole(2), same: false });
  });

  test('with an error in a product: replaced', () => {
    expect(run('failing')).toEqual({ wrong: 0, broken: late, mended: whole(2) });
  });
});

describe('enableThreads', () => {
  test('refuses numbers of threads that are none', () => {
    const message = (got: string) => `enableThreads: count must be a whole number from 1 to 64, got ${got}`;
    const got = ['0', '1.5', '"2"', '65', 'NaN', 'undefined'];
    expect(run('values')).toEqual(got.map((value) => ['value', message(value)]));
  });

  const used =
    'enableThreads: the kernels are in use already: enable threads before the first tensor, and before asking for backend()';
  test.each(['after', 'meanwhile'])('refuses to come after the first tensor, and changes nothing: %s', (scenario) => {
    expect(run(scenario)).toEqual([['state', used], off, false]);
  });

  test('refuses to be called twice', () => {
    const twice = ['state', 'enableThreads: threads are on already'];
    expect(run('twice')).toEqual([twice, twice, whole(2)]);
  });

  test('rejects if a worker does not come up, and may then be called again', () => {
    expect(run('missing')).toEqual(['state', off, whole(1), true]);
  });

  test('says what a page lacks', () => {
    const [[code, message], isShared] = run('page') as [[string, string], boolean];
    expect(code).toBe('state');
    expect(message).toMatch(/^enableThreads: this page is not cross-origin isolated: .*Cross-Origin-Embedder-Policy/);
    expect(isShared).toBe(false);
  });

  test('can be undone and done again, and gives the memory back', () => {
    expect(run('off')).toEqual({ before: off, off, wrong: 0, released: true, on: whole(3) });
  });
});
