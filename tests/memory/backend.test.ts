import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { cpu64 } from '../../kernels/cpu/float64/cpu64.ts';
import { reference64 } from '../../kernels/reference/reference64.ts';
import { wasmSupport } from '../../kernels/wasm/engine.ts';
import { wasm64 } from '../../kernels/wasm/float64/wasm64.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import * as w from '../../src/index.ts';
import { backend, cpu, reference, setBackend } from '../../src/index.ts';
import { kernelsFor, run, withTables } from '../../src/memory/runtime.ts';

const first = backend().kernels;

afterEach(() => {
  setBackend(first);
});

describe('setBackend', () => {
  test('returns the table that was in use, and names the new one', () => {
    expect(setBackend(cpu)).toBe(first);
    expect(backend()).toEqual({ name: 'cpu', reason: 'set by setBackend' });
    expect(setBackend(reference)).toBe(cpu);
    expect(backend()).toEqual({ name: 'reference', reason: 'set by setBackend' });
    const own = { ...cpu };
    expect(setBackend(own)).toBe(reference);
    expect(backend()).toEqual({ name: 'custom', reason: 'set by setBackend' });
    expect(backend().kernels).toBe(own);
    expect(run.kernels).toBe(own);
    if (wasmSupport().available) {
      setBackend(wasm());
      expect(backend().name).toBe('wasm');
      setBackend({ ...wasm() });
      expect(backend().name).toBe('custom');
    }
  });

  test('refuses what is no table, and leaves the one in use', () => {
    setBackend(cpu);
    const kernels = Object.keys(reference);
    for (const name of [kernels[0]!, kernels.at(-1)!, 'gemm']) {
      for (const wrong of [undefined, null, 5, {}]) {
        expect(() => setBackend({ ...cpu, [name]: wrong } as never)).toThrow(
          `setBackend: kernel ${name} must be a function, got `,
        );
      }
    }
    for (const wrong of [undefined, null, 'cpu', {}]) expect(() => setBackend(wrong as never)).toThrow(w.ValueError);
    expect(backend().kernels).toBe(cpu);
  });

  test('puts beside a table the one for float64 that goes with it', () => {
    const beside = (kernels: w.Kernels): unknown => {
      setBackend(kernels);
      return kernelsFor('float64');
    };
    expect(beside(reference)).toBe(reference64);
    expect(beside(cpu)).toBe(cpu64);
    expect(beside({ ...reference })).toBe(cpu64);
    if (!wasmSupport().available) return;
    expect(beside(wasm()) === wasm64()).toBe(true);
    expect(beside({ ...wasm() }) === wasm64()).toBe(true);
  });

  test('leaves float64 on its own kernels', () => {
    setBackend({ ...cpu, exp: () => expect.fail('not for float64') });
    expect(w.exp(w.tensor([0], { dtype: 'float64' })).item()).toBe(1);
    expect(kernelsFor('float64')).toBe(cpu64);
    for (const dtype of ['float32', 'int32', 'bool'] as const) expect(kernelsFor(dtype)).toBe(backend().kernels);
  });
});

test('a backend prints as its name and reason', () => {
  setBackend(cpu);
  expect(inspect(backend())).toBe("{ name: 'cpu', reason: 'set by setBackend' }");
  expect(JSON.parse(JSON.stringify(backend()))).toEqual({ name: 'cpu', reason: 'set by setBackend' });
});

test('other tables stand in for the backend while a body runs, one within another, and after an error', () => {
  setBackend(cpu);
  const [outer, inner] = [
    { kernels: { ...cpu }, kernels64: { ...reference64 } },
    { kernels: { ...cpu }, kernels64: { ...reference64 } },
  ];
  const seen = (): boolean[] =>
    [outer, inner].map((t) => run.kernels === t.kernels && kernelsFor('float64') === (t.kernels64 as unknown));
  const during = withTables(outer, () => {
    const before = seen();
    const within = withTables(inner, seen);
    expect(() =>
      withTables(inner, () => {
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    return [before, within, seen()];
  });
  expect(during).toEqual([
    [true, false],
    [false, true],
    [true, false],
  ]);
  expect(run.kernels).toBe(cpu);
});
