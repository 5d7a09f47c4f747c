import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const READER = fileURLToPath(new URL('csv-reader.mjs', import.meta.url));

/** @returns {import('../peer.ts').Peer} */
export const open = (name) => ({ table: (problem) => reading(name, problem) });

/** Each time is that of a process of its own; memory is the median of their resident sizes at most. */
export function reading(name, { path, rows, columns }) {
  const peaks = [];
  const once = () => {
    const args = [READER, name, path, String(rows), String(columns)];
    const result = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    peaks.push(result.peak);
    return result;
  };
  return {
    time: async (iterations) => {
      let seconds = 0;
      for (let i = 0; i < iterations; i++) seconds += once().seconds;
      return seconds;
    },
    result: () => [once().sum],
    memory: () => peaks.toSorted((a, b) => a - b)[peaks.length >> 1],
  };
}
