import { expect, test } from 'vitest';
import { createGpuBackend } from '../../src/gpu/backend.ts';
import { DeviceError } from '../../src/gpu/errors.ts';

const reason = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

test('without a browser there is no WebGL, and the error says what was tried', async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  for (const [mode, why] of [
    ['webgl2', 'there is no WebGL 2 context'],
    ['headlessgl', 'the package gl gives no context (it needs an X server)'],
  ] as const) {
    const error = await reason(createGpuBackend({ mode }));
    expect(error).toBeInstanceOf(DeviceError);
    expect(String(error)).toBe(`DeviceError: createGpuBackend: found no graphics processor (${mode}: ${why})`);
  }
  expect(Object.getOwnPropertyDescriptor(globalThis, 'navigator')).toEqual(before);
});

test('nothing of GPU.js is loaded by importing the entry point', async () => {
  let loads = 0;
  const load = (): Promise<unknown> => {
    loads++;
    return Promise.reject(new Error('not here'));
  };
  await import('../../src/gpu/index.ts');
  expect(loads).toBe(0);
  expect(String(await reason(createGpuBackend({ load })))).toMatch(
    /GPU\.js does not load: not here\. npm install gpu\.js\?$/,
  );
  expect(loads).toBe(1);
});
