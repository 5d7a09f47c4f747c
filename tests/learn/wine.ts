import { readFileSync } from 'node:fs';

/** What scikit-learn said, from scripts/golden/learn-<topic>.py. */
export const golden = <T>(topic: string): T =>
  JSON.parse(readFileSync(new URL(`../golden/learn/${topic}.json`, import.meta.url), 'utf8')) as T;

export const wine = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');

const wineRows = wine
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').map(Number));
export const wineFeatures: number[][] = wineRows.map((row) => row.slice(0, -1));
export const wineClasses: number[] = wineRows.map((row) => row.at(-1)!);

/** Options of the logistic models in the golden values of pipelines. */
export const C_HALF = { C: 0.5, tol: 1e-8, maxIter: 1000 } as const;
