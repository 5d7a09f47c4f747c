/** Runs in the page: measures what it was asked for, and tells the browser's driver. */
import { type Candidate, type Entrants, entered } from '../entrants.ts';
import { clockedHere } from '../gpu/variants.ts';
import { imageInferenceRows } from '../image-inference.ts';
import { measure } from '../measure.ts';
import type { Peer } from '../peer.ts';
import type { Contest, Row } from '../row.ts';
import { sink } from '../sampler.ts';
import { builtIn, reserve } from '../tables.ts';
import type { Message, Request } from './messages.ts';

/** What Playwright puts into the page. */
const { benchReport } = globalThis as unknown as { readonly benchReport: (message: Message) => Promise<void> };

interface Opener {
  readonly open: (folder: string, isRelaxed: boolean) => Promise<Peer>;
}

/** A build of LiteRT.js is opened once: by another address the module is another one. */
function candidate(name: string, address: string, isRelaxed: boolean): Candidate {
  let peer: Promise<Peer> | undefined;
  const load = async (): Promise<Peer> => ((await import(address)) as Opener).open('/litert/', isRelaxed);
  const open = (): Promise<Peer> => {
    peer ??= load();
    return peer;
  };
  return { name, open };
}

const candidates = [
  candidate('LiteRT.js', '/litert.js', true),
  candidate('LiteRT.js without relaxed SIMD', '/litert.js?compat', false),
];
const peers: Entrants = { enter: (how, make, check) => entered(candidates, how, make, check) };
const { tables, missing } = builtIn();

/** Benchmark.js does not run in a page. */
async function open(row: Row): Promise<Contest> {
  const contest = await row.open();
  return { ...contest, variants: contest.variants.map((one) => ('run' in one ? clockedHere(one) : one)) };
}

const request = JSON.parse(document.getElementById('request')!.textContent ?? '') as Request;
const gaps = missing.map(({ name, reason }) => `without ${name}: ${reason}`);
const clock = crossOriginIsolated ? 'clock of 5 µs' : 'clock of 100 µs: the page is not isolated';
await benchReport({ kind: 'start', facts: [navigator.userAgent, clock, ...gaps] });
for (const row of imageInferenceRows(tables, peers).filter(({ name }) => request.rows.includes(name))) {
  reserve(tables);
  await benchReport({ kind: 'row', result: await measure({ ...row, open: () => open(row) }, request.settings) });
}
await benchReport({ kind: 'end', sink: sink.total });
