import { afterEach, describe, expect, test, vi } from 'vitest';
import { LimitError } from '../../src/base/errors.ts';
import { cpu, setBackend } from '../../src/index.ts';
import { LogisticRegression, Ridge } from '../../src/learn/index.ts';
import { withMatrix } from '../../src/learn/workspace.ts';
import { run } from '../../src/memory/runtime.ts';
import { wineClasses, wineFeatures } from './wine.ts';

const before = run.kernels;
afterEach(() => {
  vi.restoreAllMocks();
  setBackend(before);
});

describe('samples in the memory of the kernels', () => {
  test('are given back, also after an error', () => {
    const { heap } = run.kernels;
    const used = (): number => heap!.counters().used;
    const first = used();
    expect(withMatrix(3, 4, (matrix) => [matrix.rows, matrix.columns, ...matrix.data])).toEqual([
      3,
      4,
      ...Array(12).fill(0),
    ]);
    expect(() =>
      withMatrix(3, 4, () => {
        throw new RangeError('inside');
      }),
    ).toThrow('inside');
    expect(used()).toBe(first);
  });

  test('have no room past the limit, and a fit that throws leaves the model as it was', () => {
    const { heap } = run.kernels;
    const { limit } = heap as unknown as { limit: number };
    const model = new Ridge().fit(wineFeatures, wineClasses);
    const json = JSON.stringify(model);
    try {
      Object.assign(heap!, { limit: 1000 });
      expect(() => model.fit(wineFeatures, wineClasses)).toThrow(LimitError);
    } finally {
      Object.assign(heap!, { limit });
    }
    expect(JSON.stringify(model)).toBe(json);
  });

  test('make the same bits as ordinary memory', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {}); // twenty iterations are few
    const fits = (): string =>
      JSON.stringify([
        new Ridge().fit(wineFeatures, wineClasses),
        new LogisticRegression({ maxIter: 20 }).fit(wineFeatures, wineClasses),
      ]);
    const inHeap = fits();
    setBackend(cpu);
    expect(run.kernels.heap).toBeUndefined();
    expect(fits()).toBe(inHeap);
  });
});
