// Random tables from file to report and predictions, more of them than `npm test` tries, and how they ended.
// Usage: node scripts/tables.mjs [how many, default 200] [seed, default by the clock]
import { spawn } from 'node:child_process';
import process from 'node:process';

const [count = '200', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!/^\d{1,6}$/.test(count) || !/^\d{1,9}$/.test(seed)) {
  console.error('usage: node scripts/tables.mjs [how many] [seed]');
  process.exit(2);
}
console.log(`${count} random tables, seed ${seed}`);
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', 'tests/lab/random-tables.test.ts'];
const env = { ...process.env, WHITTLE_TABLES: count, FC_SEED: seed };
spawn(process.execPath, vitest, { stdio: 'inherit', env }).on('close', (code) => process.exit(code ?? 1));
