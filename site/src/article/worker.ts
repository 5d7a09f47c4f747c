import { type Table, tableFromBytes } from 'whittle-ml/data';
import digitsURL from '../../../data/digits.csv.gz?url';
import type { Claim } from '../../../lab/src/article/claim.ts';
import { version } from '../../../package.json';
import { Measuring } from './measuring.ts';
import type { Command, Event } from './messages.ts';

/** One file has them all: the library that each needs weighs more than the claims together. */
const CLAIMS = import.meta.glob<Claim>('../../../lab/src/article/claims/*.ts', { eager: true, import: 'claim' });
const EXAMPLES = import.meta.glob<string>('../../../lab/src/article/examples/*.ts', {
  eager: true,
  query: '?raw',
  import: 'default',
});

async function digits(): Promise<Table> {
  const response = await fetch(digitsURL);
  if (!response.ok) throw new Error(`the digits could not be read: the server answered ${response.status}`);
  return tableFromBytes(new Uint8Array(await response.arrayBuffer()), { target: 'digit' });
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1, -'.ts'.length);

const measuring = new Measuring(
  {
    claims: Object.values(CLAIMS),
    examples: new Map(Object.entries(EXAMPLES).map(([path, text]) => [nameOf(path), text])),
    version,
    digits,
    now: () => performance.now(),
  },
  (event: Event) => self.postMessage(event),
);

self.addEventListener('message', ({ data }: MessageEvent<Command>) => void measuring.follow(data));
