import { expect, test } from 'vitest';
import { comparisons } from '../../bench/compare.ts';
import type { VariantResult } from '../../bench/measure.ts';
import { LISTINGS, type Peer } from '../../bench/peer.ts';
import { Peers } from '../../bench/peers.ts';
import type { ClockedVariant } from '../../bench/row.ts';

const peersWith = (...names: string[]): Peers => {
  const peers = new Peers();
  peers.installed = names.map((name) => ({ name, version: '1', module: `none-${name}.mjs`, needs: name }));
  return peers;
};

test('a peer that is not installed is missing, and the text says how to install it', () => {
  const peers = new Peers();
  expect(peers.installed).toEqual([]);
  peers.find([{ name: 'Nobody', module: 'nobody.mjs', needs: 'no-such-package' }]);
  expect(peers.installed).toEqual([]);
  expect(peers.missing).toEqual([{ name: 'Nobody', reason: 'npm run bench:peers installs it' }]);
});

test('a peer that cannot be loaded is a failure of its own, and others take part', async () => {
  const peers = peersWith('broken', 'good', 'unable');
  const opened = (peers as unknown as { opened: Map<string, Promise<Peer>> }).opened;
  let closed = 0;
  const job = { run: () => 1, result: () => [2], note: 'in doubles', close: () => void closed++ };
  opened.set('good', Promise.resolve({ gemm: () => job }));
  opened.set('unable', Promise.resolve({}));
  const problem = { m: 1, n: 1, k: 1, transA: false, transB: false, a: new Float32Array(1), b: new Float32Array(1) };
  const seen: string[] = [];
  const contest = await peers.enter(
    'int8',
    (peer) => peer.gemm?.(problem),
    (name, result) => void seen.push(`${name} gives ${result[0]}`),
  );
  expect(contest.failures).toMatchObject([{ name: 'broken', ours: false }]);
  expect(contest.failures[0]!.message).toContain('none-broken.mjs');
  expect(contest.variants).toMatchObject([{ who: 'good', how: 'int8', ours: false, note: 'in doubles' }]);
  await contest.variants[0]!.check();
  expect(seen).toEqual(['good gives 2']);
  expect((contest.variants[0] as ClockedVariant).run()).toBe(1);
  contest.close();
  expect(closed).toBe(1);
});

test('every listing has a name of its own', () => {
  expect(new Set(LISTINGS.map(({ name }) => name)).size).toBe(LISTINGS.length);
});

test('ours is compared with peers that do the same, by its SIMD tables where there are some', () => {
  const figures = { median: 1, mad: 0, noisy: false, rate: 1, base: 'cpu', rounds: [0, 1] };
  const ratio = { median: 1, mad: 0, low: 1, high: 1, best: 1 };
  const result = (who: string, how: string, ours: boolean, seconds: number): VariantResult => ({
    ...figures,
    ...{ name: `${who} ${how}`.trim(), who, how, ours, ratio, best: seconds, samples: [seconds, 2 * seconds] },
  });
  const row = { name: 'row', work: 1, unit: 'calls/s', ratio: 'speed', failures: [] } as const;
  const peer = [result('peer', '', false, 6), result('peer', 'int8', false, 8)];
  const cpu = [result('cpu', '', true, 2), result('cpu', 'int8', true, 4)];
  const wasm = [result('wasm', '', true, 1), result('wasm', 'by hand', true, 1)];
  const text = (list: readonly VariantResult[]): string[] =>
    comparisons([{ ...row, variants: list }]).map((c) => `${c.ours} against ${c.peer}: ${c.speed.median}`);
  expect(text([...cpu, ...peer])).toEqual(['cpu against peer: 3', 'cpu int8 against peer int8: 2']);
  expect(text([...cpu, ...wasm, ...peer])).toEqual(['wasm against peer: 6']);
  expect(text(cpu)).toEqual([]);
});

test('the encoder of ONNX files writes what the protobuf documentation shows', async () => {
  const url = new URL('../../bench/peers/protobuf.mjs', import.meta.url).href;
  const { integer, bytes, float } = (await import(url)) as Record<
    string,
    (field: number, ...rest: unknown[]) => Buffer
  >;
  expect([...integer!(1, 150)]).toEqual([0x08, 0x96, 0x01]);
  expect([...bytes!(2, 'testing')]).toEqual([0x12, 0x07, ...Buffer.from('testing')]);
  expect([...bytes!(3, integer!(1, 150))]).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
  expect([...float!(1, 1)]).toEqual([0x0d, 0, 0, 0x80, 0x3f]);
});
