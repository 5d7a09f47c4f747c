// Measures the claims of the article in their quick form, as `npm run article -- --quick` does, and writes them with their
// plots to site/src/article/recorded.json, which the page takes into its build. What was measured before, by the same claim
// and library, comes from .cache/article. Usage: node scripts/site-article.mjs (after a build of the lab)
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { readTable, writeFileAtomic } from 'whittle-ml/node';
import { Cache } from '../lab/dist/article/cache.js';
import { libraryDigest, loadClaims } from '../lab/dist/article/load.js';
import { measureClaim } from '../lab/dist/article/measure.js';
import { resultOf } from '../lab/dist/article/results.js';
import { shownClaim, shownResult } from '../lab/dist/article/shown.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'site', 'src', 'article', 'recorded.json');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const seeds = [0, 1, 2, 3, 4];

const run = { library: libraryDigest(), seeds, quick: true };
const cache = new Cache(join(root, '.cache', 'article'), run, (sentence) => console.error(`article: ${sentence}`));
let table;
const context = {
  quick: true,
  digits: () => (table ??= readTable(join(root, 'data', 'digits.csv.gz'), { target: 'digit' })),
};

async function measured(loaded) {
  const { claim } = loaded;
  if (!claim.quick) return null;
  let rows = cache.read(loaded);
  if (rows === null) {
    if (process.stdout.isTTY) console.log(`measuring ${claim.id}`);
    rows = await measureClaim(claim, seeds, context, () => {});
    cache.write(loaded, rows);
  }
  return shownResult(resultOf(loaded, rows));
}

const start = performance.now();
const claims = [];
for (const loaded of await loadClaims()) {
  claims.push({ claim: shownClaim(loaded.claim, loaded.example), result: await measured(loaded) });
}
writeFileAtomic(output, `${JSON.stringify({ version: version, quick: true, claims })}\n`);
const count = claims.filter(({ result }) => result !== null).length;
console.log(
  `article: ${count} of ${claims.length} claims recorded (${((performance.now() - start) / 1000).toFixed(1)} s)`,
);
