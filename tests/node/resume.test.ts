/** Training that ends in one process, or is killed in it, and goes on in another. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel, Random } from '../../src/index.ts';
import { readBytes } from '../../src/node/index.ts';

let folder: string;
let script: string;

/** Trains to `epochs` epochs, from the file if there is one, which is written after each epoch; prints the digest. */
const SCRIPT = `
import { existsSync } from 'node:fs';
import { Adam, Dense, digest, Dropout, EarlyStopping, ExponentialMovingAverage, loadModel, ModelCheckpoint, Random,
  ReduceLROnPlateau, Sequential, LearningRateScheduler } from '$engine';
import { checkpointFile, readBytes } from '$files';
const [, , path, epochs, patience, replay] = process.argv;
const random = new Random(11);
const x = random.normal([96, 20]);
const y = random.normal([96, 1]);
const callbacks = [
  new LearningRateScheduler((epoch, rate) => (epoch % 5 === 4 ? rate * 0.9 : rate)),
  new ReduceLROnPlateau({ patience: 2, factor: 0.5 }),
  new ExponentialMovingAverage({ decay: 0.9, validate: true }),
  new EarlyStopping({ patience: Number(patience), restoreBestWeights: true }),
];
let model;
if (existsSync(path)) model = loadModel(readBytes(path), { callbacks });
else {
  model = new Sequential([new Dense(64, { activation: 'relu', inputShape: [20] }), new Dropout(0.3), new Dense(1)], { seed: 2 });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', replay: replay === 'true' });
}
const telling = { onEpochEnd: (epoch) => void process.stdout.write('epoch ' + epoch + '\\n') };
const saving = new ModelCheckpoint(checkpointFile(path), { saveBestOnly: false, callbacks });
model.fit(x, y, { batchSize: 16, validationSplit: 0.25, initialEpoch: model.epochs, epochs: Number(epochs), callbacks: [...callbacks, telling, saving] });
process.stdout.write('done ' + digest(model) + '\\n');
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-resume-'));
  script = join(folder, 'train.mjs');
  const engine = new URL('../../dist/src/index.js', import.meta.url).href;
  const files = new URL('../../dist/src/node/index.js', import.meta.url).href;
  writeFileSync(script, SCRIPT.replace('$engine', engine).replace('$files', files));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function train(path: string, epochs: number, patience: number, replay: boolean): string {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [script, join(folder, path), String(epochs), String(patience), String(replay)],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return /done (\w+)/.exec(stdout)![1]!;
}

describe.each([
  ['that does not stop', 99, true],
  ['that does not stop, without replay', 99, false],
  ['that stops', 3, true],
] as const)('a training %s', (name, patience, replay) => {
  test('of 20 epochs has the same bits as 10 in one process and 10 in another', () => {
    const once = train(`once-${name}`, 20, patience, replay);
    train(`twice-${name}`, 10, patience, replay);
    expect(train(`twice-${name}`, 20, patience, replay)).toBe(once);
  });
});

test('a training that is killed again and again, also while it saves, ends as one that is not', async () => {
  const path = join(folder, 'killed');
  const whole = train('whole', 150, 999, true);
  const random = new Random(8);
  for (let round = 0; round < 8; round++) {
    const child = spawn(process.execPath, [script, path, '150', '999', 'true'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const last = 2 + random.permutation(16).data[0]!;
    let ended = 0;
    // told before each is saved: at the second the first is on disk, and the process ends anyway if it is late
    child.stdout.on('data', (text: Buffer) => {
      ended += text.toString().split('epoch').length - 1;
      if (ended >= last) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(loadModel(readBytes(path)).epochs).toBeGreaterThan(0);
  }
  expect(train('killed', 150, 999, true)).toBe(whole);
});
