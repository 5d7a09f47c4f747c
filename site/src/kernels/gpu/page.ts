import type { Message, Request } from '../../../../bench/gpu/results.ts';
import { measureMode } from '../../../../bench/gpu/session.ts';
import { sink } from '../../../../bench/sampler.ts';

/**
 * Runs in a frame of its own, so that shaders, their contexts and GPU.js go with it when it is taken away. It follows the
 * page that holds it and nobody else.
 */
const tell = (message: Message | { readonly kind: 'ready' }): void =>
  window.parent.postMessage(message, window.location.origin);

addEventListener('message', async ({ data, origin, source }: MessageEvent<Request>) => {
  if (origin !== window.location.origin || source !== window.parent) return;
  for (const mode of ['webgpu', 'webgl2'] as const) await measureMode(mode, navigator.userAgent, data, { tell });
  tell({ kind: 'end', sink: sink.total });
});
tell({ kind: 'ready' });
