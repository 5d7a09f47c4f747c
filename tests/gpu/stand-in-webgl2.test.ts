/** The tests of devices, as on one that is reached by webgl2, without it. */
import process from 'node:process';
import { vi } from 'vitest';
import { install, standIn } from './stand-in.ts';

vi.mock('gpu.js', () => ({ default: standIn, ...standIn }));
process.env.WHITTLE_GPU_MODE = 'webgl2';
install();

await import('./ops.gpu.test.ts');
await import('./matmul.gpu.test.ts');
await import('./train.gpu.test.ts');
await import('./images.gpu.test.ts');
await import('./windows.gpu.test.ts');
await import('./refusals.gpu.test.ts');
await import('./robustness.gpu.test.ts');
