import digitsURL from '../../../data/digits.csv.gz?url';
import { version } from '../../../package.json';
import { loadKernels } from './kernels-later.ts';
import { LAZY } from './lazy.ts';
import type { Command } from './messages.ts';
import { Session } from './session.ts';

/** A message to itself comes after those that wait already, and at once where there are none: a timer would wait 4 ms. */
const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

let bytes: Promise<Uint8Array<ArrayBuffer>> | null = null;
async function load(): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(digitsURL);
  if (!response.ok) throw new Error(`The digits cannot be loaded: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}

async function digits(): Promise<Uint8Array<ArrayBuffer>> {
  bytes ??= load();
  try {
    return await bytes;
  } catch (error) {
    bytes = null; // once more when they are asked for again
    throw error;
  }
}

const session = new Session((event, transfer = []) => self.postMessage(event, { transfer }), {
  now: () => performance.now(),
  wait: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    }),
  digits,
  kernels: loadKernels,
  version,
});

self.addEventListener('message', ({ data }: MessageEvent<Command>) => session.follow(data));
session.begin();

/** What is loaded when it is first needed is there from then on without a connection. */
const PRELOAD_AFTER = 3000;
setTimeout(async () => {
  try {
    const networks = import('./drawing.ts').then(({ load }) => load());
    await Promise.all([import('./tables.ts'), ...Object.values(LAZY).map((load) => load()), digits(), networks]);
  } catch {
    // Whoever needs it is told.
  }
}, PRELOAD_AFTER);
