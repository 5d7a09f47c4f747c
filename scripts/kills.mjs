// A search on the digits by two workers that is killed at random moments, again and again, and called again: nothing that was
// finished is lost, and it ends with the points of a search that nobody disturbed, to the bit. Prints what was found.
// Usage: node scripts/kills.mjs [how many kills, default 20] [seed, default by the clock]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const MAIN = fileURLToPath(new URL('../lab/dist/main.js', import.meta.url));
const [kills = '20', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!/^\d{1,4}$/.test(kills) || !/^\d{1,9}$/.test(seed)) {
  console.error('usage: node scripts/kills.mjs [how many kills] [seed]');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'whittle-pareto-'));
const journalOf = (out) => join(folder, out, 'journal.jsonl');
const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Lines that came to the disk whole. */
const wholeIn = (text) => text.slice(0, text.lastIndexOf('\n') + 1);
const pointsIn = (text) => Math.max(0, text.split('\n').length - 2);

/** Marsaglia 2003: numbers in [0, 1). */
let state = Number(seed) + 1;
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}
for (let i = 0; i < 8; i++) random();

function started(out, ...args) {
  const all = [MAIN, 'compress', '--no-progress', '--save', 'best', '--out', out, ...args];
  const child = spawn(process.execPath, all, { cwd: folder, env: { ...process.env, INIT_CWD: folder } });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  child.stdout.resume();
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 || signal === 'SIGKILL') resolve(signal);
      else reject(new Error(`the search ended with ${code ?? signal}: ${said}`));
    });
  });
  return { child, ended };
}

/** What must be the same wherever and however it ran. */
function resultOf(out) {
  const report = JSON.parse(readFileSync(join(folder, out, 'report.json'), 'utf8'));
  const fixed = ({ tables: _, bytes: { gzip: __, ...bytes }, ...rest }) => ({ ...rest, bytes });
  const { original, points, failures, best, reason, damage } = report;
  return { report, same: { original: fixed(original), points: points.map(fixed), failures, best, reason, damage } };
}

/**
 * Kills at a random moment of the work, whatever the speed of the machine: when up to three more trials are finished, and then up
 * to two times as long as one takes, so also while a line is written and before the first.
 */
async function killedSometime(child, path, before, trial) {
  const wanted = before + Math.floor(4 * random());
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  while (isRunning() && pointsIn(wholeIn(textOf(path))) < wanted) await sleep(10);
  await sleep(2 * trial * random());
  if (isRunning()) child.kill('SIGKILL');
}

function check(isRight, problem) {
  if (!isRight) throw new Error(problem);
}

try {
  console.log(`${kills} kills, seed ${seed}`);
  // Without workers
  await started('calm').ended;
  const { report, same } = resultOf('calm');
  const { points, failures, original, best } = report;
  const trial = (1000 * report.seconds.search) / (points.length + failures.length);
  const moments = [];
  let whole = 0;
  let isOpen = true; // every search that was killed goes on to its end
  while (moments.length < Number(kills) || isOpen) {
    const out = `run-${whole}`;
    const path = journalOf(out);
    const kept = wholeIn(textOf(path));
    const began = performance.now();
    const { child, ended } = started(out, '--workers', '2');
    if (moments.length < Number(kills)) await killedSometime(child, path, pointsIn(kept), trial);
    isOpen = (await ended) === 'SIGKILL';
    const now = textOf(path);
    check(now.startsWith(kept), `${out}: what the journal had before is no longer there`);
    if (isOpen) {
      moments.push({
        seconds: (performance.now() - began) / 1000,
        before: pointsIn(kept),
        after: pointsIn(wholeIn(now)),
      });
      continue;
    }
    check(isDeepStrictEqual(resultOf(out).same, same), `${out}: ends with other points`);
    whole++;
  }
  const gains = moments.map(({ before, after }) => after - before);
  console.log('killed after seconds, with trials finished:');
  console.log(moments.map(({ seconds, after }) => `${seconds.toFixed(1)} s ${after}`).join(', '));
  // Kills that all hit the start would prove nothing
  check(
    Number(kills) < 2 || gains.filter((gain) => gain > 0).length >= Number(kills) / 2,
    'fewer than half of the kills hit a search that had gone on: they were no random moments of it',
  );
  console.log(
    `${whole} ${whole === 1 ? 'search' : 'searches'} to the end, with the points of one without workers that nobody disturbed, to the bit`,
  );
  const dominated = points.filter(({ isDominated }) => isDominated).length;
  const lostOf = ({ lost }) => Math.max(lost.validation.lost, lost.test.lost);
  const good = points.filter((point) => lostOf(point) <= 0.02).sort((p, q) => q.smaller - p.smaller);
  console.log(`${points.length} points, ${dominated} dominated, ${failures.length} failures`);
  console.log(`the model: ${original.bytes.file} bytes, test accuracy ${original.test.score.toFixed(4)}`);
  for (const [words, point] of [
    ['within 2 points on validation and test samples', good[0]],
    ['the best of the report', points.find(({ number }) => number === best)],
  ])
    if (point !== undefined)
      console.log(
        `${words}: ${point.bytes.file} bytes, ${point.smaller.toFixed(1)} times smaller, test accuracy ` +
          `${point.test.score.toFixed(4)} (${point.name})`,
      );
  check(points.length >= 20, 'there are fewer than 20 points');
  check(dominated > 0 && dominated < points.length, 'none or all are dominated');
  check(good.length > 0 && good[0].smaller >= 40, 'none within 2 points is 40 times smaller');
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
