import type { Request } from '../../../../bench/gpu/results.ts';
import { measureMode } from '../../../../bench/gpu/session.ts';
import { sink } from '../../../../bench/sampler.ts';
import type { Told } from './told.ts';

/**
 * Runs in a frame of its own, so that shaders, their contexts and GPU.js go with it when it is taken away. It follows the
 * page that holds it and nobody else.
 */
const tell = (message: Told): void => window.parent.postMessage(message, window.location.origin);
const fail = (error: unknown): void =>
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });

addEventListener('message', async ({ data, origin, source }: MessageEvent<Request>) => {
  if (origin !== window.location.origin || source !== window.parent || source === window) return;
  try {
    for (const mode of ['webgpu', 'webgl2'] as const) await measureMode(mode, navigator.userAgent, data, { tell });
    tell({ kind: 'end', sink: sink.total });
  } catch (error) {
    fail(error);
  }
});
// Opened by itself it has nobody to follow.
if (window.parent !== window) tell({ kind: 'ready' });
