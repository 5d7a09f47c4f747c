import { fileURLToPath } from 'node:url';
import { type Served, serve as serveSite } from '../serve.ts';
import { POLICY, renderShell } from './page.ts';
import type { Request } from './results.ts';

/** Serves the page that measures, GPU.js in its scripts. */
export const serve = (request: Request): Promise<Served> =>
  serveSite({
    shell: renderShell('/page.js', request),
    modules: { page: fileURLToPath(new URL('browser.js', import.meta.url)) },
    policy: POLICY,
  });
