import { afterEach, describe, expect, test, vi } from 'vitest';
import { StateError } from '../../../kernels/errors.ts';
import { assemble } from '../../../kernels/wasm/assembler.ts';
import { wasmSupport } from '../../../kernels/wasm/engine.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import * as f32x4 from '../../../kernels/wasm/instructions/f32x4.ts';
import { currentEngine, installEngine, newEngine, wasm } from '../../../kernels/wasm/wasm.ts';

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

describe('the table of WebAssembly', () => {
  test('is one and the same however it is asked for, on one heap', () => {
    expect(currentEngine() === null).toBe(true);
    const table = wasm();
    const engine = currentEngine();
    // Compared here, not by `toBe`: a report of two tables would show their whole memory.
    expect([wasm(), wasm({}), wasm({ relaxed: false })].map((other) => other === table)).toEqual([true, true, true]);
    expect(currentEngine() === engine).toBe(true);
    expect(engine!.heap === table.heap).toBe(true);
    expect(engine!.heap.isShared).toBe(false);
  });

  test('keeps its engine: another comes too late', () => {
    const table = wasm();
    const engine = currentEngine();
    const error = caught(() => installEngine(newEngine(new Heap())));
    expect(error).toBeInstanceOf(StateError);
    expect((error as StateError).message).toBe('wasm: tables are in use already');
    expect(currentEngine() === engine).toBe(true);
    expect(wasm() === table).toBe(true);
  });

  test('has a relaxed form beside the exact one only where the runtime has relaxed SIMD', () => {
    const exact = wasm();
    const bytes = assemble(
      (func) =>
        func('', (_, locals) =>
          locals('v')[0].set(f32x4.relaxedMadd(...(locals('vvv').slice(0, 3) as [never, never, never]))),
        ),
      { maximum: 1, shared: false },
    );
    const isThere = WebAssembly.validate(bytes);
    expect(wasmSupport()).toEqual({ available: true, relaxed: isThere, reason: 'WebAssembly may be compiled here' });
    expect(wasmSupport()).toBe(wasmSupport());
    if (isThere) {
      const relaxed = wasm({ relaxed: true });
      expect(relaxed === exact).toBe(false);
      expect(relaxed.heap === exact.heap).toBe(true);
    } else {
      const error = caught(() => wasm({ relaxed: true }));
      expect(error).toBeInstanceOf(StateError);
      expect((error as StateError).message).toBe('wasm: this runtime has no relaxed SIMD');
    }
    expect(wasm() === exact).toBe(true);
  });
});

describe('where something is missing, asking for the table is an error that says what, and no engine is made', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  const { validate, Module } = WebAssembly;
  test.each([
    ['WebAssembly', undefined, 'this runtime has no WebAssembly'],
    ['SIMD', { validate: () => false, Module }, 'this runtime has no WebAssembly SIMD'],
    [
      'the right to compile',
      {
        validate,
        Module: class {
          constructor() {
            throw new EvalError('refused by a policy\nof the page');
          }
        },
      },
      'WebAssembly may not be compiled here: EvalError: refused by a policy',
    ],
  ])('%s', async (_, runtime, reason) => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', runtime);
    const tables = await import('../../../kernels/wasm/wasm.ts');
    const { wasmSupport: support } = await import('../../../kernels/wasm/engine.ts');
    expect(support()).toEqual({ available: false, relaxed: false, reason });
    for (const relaxed of [false, true]) {
      expect(caught(() => tables.wasm({ relaxed }))).toMatchObject({
        code: 'state',
        op: 'wasm',
        message: `wasm: ${reason}`,
      });
    }
    expect(tables.currentEngine() === null).toBe(true);
  });
});

test('an engine that was installed before the first table is the one of every table', async () => {
  vi.resetModules();
  const tables = await import('../../../kernels/wasm/wasm.ts');
  const { Heap: OtherHeap } = await import('../../../kernels/wasm/heap.ts');
  const engine = tables.newEngine(new OtherHeap());
  tables.installEngine(engine);
  expect(tables.wasm().heap === engine.heap).toBe(true);
  expect(tables.currentEngine() === engine).toBe(true);
});
