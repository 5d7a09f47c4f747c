import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createGpuBackend } from '../../src/gpu/backend.ts';
import { gpuActivate } from '../../src/gpu/ops.ts';
import { floats } from './tools.ts';

test('device tensors that are collected without dispose() are given back', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const gpu = await createGpuBackend({ mode: 'webgpu' });
  const kept = await gpu.upload(floats([-1, 1], [2]));
  for (let i = 0; i < 50; i++) await gpuActivate(kept, 'relu');
  expect(gpu.counters.tensors).toBe(51);
  for (let turn = 0; turn < 50 && gpu.counters.tensors > 1; turn++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  expect(gpu.counters.tensors).toBeLessThanOrEqual(2); // the last may still be on the stack
  expect([...(await gpu.download(kept)).data]).toEqual([-1, 1]);
  await gpu.dispose();
});
