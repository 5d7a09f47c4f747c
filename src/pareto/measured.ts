import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { wasmSupport } from '../../kernels/wasm/engine.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { breather } from '../base/breather.ts';
import { latencies, loadTimes, memoryOf } from '../compress/latency.ts';
import { floatsOf } from '../graph/check.ts';
import { decodeNetwork } from '../io/network-file.ts';
import { setBackend } from '../memory/runtime.ts';
import type { MeasuredPoint, MeasuredTable } from './types.ts';

/** What files take on this machine, on each table of kernels that runs here; times in turns, so that all meet alike conditions. */
export async function measuredFiles(
  files: readonly { readonly file: Uint8Array<ArrayBuffer>; readonly digest: string }[],
): Promise<MeasuredPoint[]> {
  const breath = breather();
  const tables: [MeasuredTable['name'], Kernels][] = [['cpu', cpu]];
  if (wasmSupport().available) tables.push(['wasm', wasm()]);
  const found: MeasuredTable[][] = files.map(() => []);
  const networks = files.map(({ file }) => decodeNetwork(file).network);
  // Programs are of float32 and integers
  const timed = networks.flatMap((network, i) => (floatsOf(network) === 'float32' ? [i] : []));
  for (const [name, kernels] of tables) {
    await breath();
    const before = setBackend(kernels);
    try {
      const own = timed.map((i) => networks[i]!);
      const one = latencies(own, { batchSize: 1 });
      const many = latencies(own, { batchSize: 64 });
      const loads = loadTimes(timed.map((i) => files[i]!.file));
      timed.forEach((i, at) => {
        const { weights, bytes: batch1 } = memoryOf(own[at]!, 1);
        const { bytes: batch64 } = memoryOf(own[at]!, 64);
        const latency = { batch1: one[at]!, batch64: many[at]! };
        found[i]!.push({ name, latency, load: loads[at]!, memory: { weights, batch1, batch64 } });
      });
    } finally {
      setBackend(before);
    }
  }
  const points: MeasuredPoint[] = [];
  for (const [i, { file, digest }] of files.entries())
    points.push({ digest, gzipBytes: await gzipBytes(file), tables: found[i]! });
  return points;
}

async function gzipBytes(file: Uint8Array<ArrayBuffer>): Promise<number | null> {
  if (typeof CompressionStream === 'undefined') return null;
  const { readable, writable } = new CompressionStream('gzip');
  const writer = writable.getWriter();
  const written = writer.write(file).then(() => writer.close());
  const reader = readable.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) break;
    bytes += value.length;
  }
  await written;
  return bytes;
}
