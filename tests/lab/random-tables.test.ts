import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomTable, written } from './random-table.ts';
import { whittle } from './run.ts';

/** `npm run test:tables -- 200` asks for more. */
const RUNS = Number(process.env.WHITTLE_TABLES ?? 20);
const REPORT = 'report and predictions';

test(`${RUNS} random tables end in a report and predictions, or in one sentence, exit code 2 and nothing written`, async () => {
  const outcomes = new Map<string, number>();
  const count = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const tried = fc.asyncProperty(randomTable, async (table) => {
    const folder = mkdtempSync(join(tmpdir(), 'whittle-tables-'));
    try {
      const { text, args } = written(table);
      writeFileSync(join(folder, 'table.csv'), text);
      // Criteria take as long as all the rest, and students and files half of that.
      const rest = table.rows % 2 === 0 ? [] : ['--no-students', '--no-smallest'];
      const fewer = table.rows % 8 === 0 ? [] : ['--no-criteria', ...rest];
      const epochs = ['--epochs', '1', '--no-progress', ...fewer];
      const { code, err, out } = await whittle(folder, ['table.csv', ...args, ...epochs]);
      if (code !== 0) {
        expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/^whittle: [^\n]{15,1500}\n$/) });
        expect(readdirSync(folder)).toEqual(['table.csv']);
        count(err.replace(/"[^"]*"|\d+(\.\d+)?/g, '…').slice(0, 160));
        return;
      }
      expect(out).toContain('Report: ');
      expect(readdirSync(join(folder, 'report')).sort()).toEqual(['index.html', 'models', 'report.json']);
      const model = join('report', 'models', 'combined.safetensors');
      const predicted = await whittle(folder, ['predict', model, 'table.csv']);
      expect(predicted).toMatchObject({ code: 0, err: '' });
      const lines = readFileSync(join(folder, 'predictions.csv'), 'utf8').trimEnd().split('\n');
      expect(lines).toHaveLength(1 + table.rows);
      const rows = JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8')).data.rows as number;
      expect(rows).toBeGreaterThanOrEqual(20);
      count(REPORT);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
  await fc.assert(tried, { numRuns: RUNS });
  if (RUNS >= 20) {
    const reports = outcomes.get(REPORT) ?? 0;
    expect(reports).toBeGreaterThan(RUNS / 4);
    expect(reports).toBeLessThan(RUNS);
  }
  if (process.env.WHITTLE_TABLES !== undefined) {
    console.log(
      [...outcomes]
        .sort(([, a], [, b]) => b - a)
        .map(([what, times]) => `${times} × ${what}`)
        .join('\n'),
    );
  }
}, 600_000);
