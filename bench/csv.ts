import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { normal } from './data.ts';
import { BENCH } from './folder.ts';
import type { Job, TableProblem } from './peer.ts';
import type { Peers } from './peers.ts';
import { CheckError, type Contest, join, type Row, type Variant } from './row.ts';

/** Numbers of four decimals, written to `path`; returns their sum as float32, row by row, the last column by itself. */
function write({ path, rows, columns }: TableProblem): number {
  const values = normal(997 * columns, 1);
  const lines = [Array.from({ length: columns }, (_, i) => `c${i}`).join(',')];
  let features = 0;
  let target = 0;
  for (let row = 0; row < rows; row++) {
    const cells = Array.from({ length: columns }, (_, i) =>
      (300 * values[((row % 997) * columns + i * (row % 31)) % values.length]!).toFixed(4),
    );
    for (const cell of cells.slice(0, -1)) features += Math.fround(Number(cell));
    target += Math.fround(Number(cells.at(-1)));
    lines.push(cells.join(','));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return features + target;
}

/** From a file of numbers to float32 features and target, every sample in a process of its own. */
export const csvRow = (peers: Peers, rows = 170_000, columns = 33): Row => ({
  name: `csv ${rows}x${columns}`,
  work: rows * columns,
  unit: 'Melement/s',
  ratio: 'time',
  quick: false,
  peers: true,
  open: async (): Promise<Contest> => {
    const folder = mkdtempSync(joinPath(tmpdir(), 'whittle-bench-'));
    const problem = { path: joinPath(folder, 'numbers.csv'), rows, columns };
    const sum = write(problem);
    const check = (name: string, result: ArrayLike<number>): void => {
      if (result[0] !== sum) throw new CheckError(`${name}: the numbers add up to ${result[0]}, not to ${sum}`);
    };
    const { reading } = (await import(new URL('peers/csv.mjs', BENCH).href)) as {
      reading(name: string, problem: TableProblem): Job;
    };
    const { time, memory, result } = reading('whittle-ml', problem);
    const ours: Variant = {
      who: 'whittle-ml',
      how: '',
      ours: true,
      time: time!,
      memory: memory!,
      check: async () => check('whittle-ml', await result()),
    };
    return join(
      { variants: [ours], failures: [], close: () => rmSync(folder, { recursive: true }) },
      await peers.enter('', (peer) => peer.table?.(problem), check),
    );
  },
});
