import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  CSVLogger,
  Dense,
  digest,
  loadModel,
  ModelCheckpoint,
  Random,
  Sequential,
  saveModel,
} from '../../src/index.ts';
import { checkpointFile, lineFile, readBytes, readTable, writeFileAtomic } from '../../src/node/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whittle-files-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function model(seed = 0): Sequential {
  const made = new Sequential([new Dense(4, { inputShape: [3], activation: 'relu' }), new Dense(1)], { seed });
  made.compile({ optimizer: new Adam(), loss: 'mse' });
  return made;
}

describe('writeFileAtomic', () => {
  test('replaces a file and leaves nothing else behind', () => {
    const path = join(folder, 'a.txt');
    writeFileAtomic(path, 'old');
    writeFileAtomic(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('leaves the target alone when writing fails', () => {
    const path = join(folder, 'taken');
    mkdirSync(path);
    expect(() => writeFileAtomic(path, 'x')).toThrow();
    expect(() => writeFileAtomic(join(folder, 'missing', 'x'), 'x')).toThrow();
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('a process killed while saving leaves a file that loads', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, saveModel(model()));
    const script = join(folder, 'save.mjs');
    const files = new URL('../../dist/src/node/index.js', import.meta.url).href;
    const engine = new URL('../../dist/src/index.js', import.meta.url).href;
    writeFileSync(
      script,
      `import { writeFileAtomic } from ${JSON.stringify(files)};
       import { Dense, saveModel, Sequential } from ${JSON.stringify(engine)};
       const files = [1, 2].map((seed) => saveModel(new Sequential([new Dense(300, { inputShape: [300] })], { seed })));
       process.stdout.write('ready');
       for (let i = 0; ; i++) writeFileAtomic(${JSON.stringify(path)}, files[i % 2]);`,
    );
    const random = new Random(5);
    for (let round = 0; round < 25; round++) {
      const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, 20 * random.uniform([]).item()));
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      expect(loadModel(readBytes(path)).isBuilt).toBe(true);
    }
  });
});

describe('sinks', () => {
  test('a checkpoint file holds the best model, and a log file whole lines', () => {
    const [path, log] = [join(folder, 'best.safetensors'), join(folder, 'log.csv')];
    const random = new Random(1);
    const [x, y] = [random.normal([40, 3]), random.normal([40, 1])];
    const made = model();
    const callbacks = [new ModelCheckpoint(checkpointFile(path), { monitor: 'loss' }), new CSVLogger(lineFile(log))];
    const { history } = made.fit(x, y, { epochs: 4, callbacks });
    const best = history.loss!.indexOf(Math.min(...history.loss!));
    if (best === 3) expect(digest(loadModel(readBytes(path)))).toBe(digest(made));
    expect(loadModel(readBytes(path)).optimizer.iterations).toBe((best + 1) * 2);
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('epoch,loss,learning_rate');
    expect(lines).toHaveLength(5);
    expect(Number(lines[2]!.split(',')[1])).toBe(history.loss![1]);
  });

  test('checkpoints can go to a file an epoch', () => {
    const sink = checkpointFile((epoch) => join(folder, `epoch-${epoch}.safetensors`));
    model().fit(new Random(1).normal([8, 3]), new Random(2).normal([8, 1]), {
      epochs: 2,
      callbacks: [new ModelCheckpoint(sink, { monitor: 'loss', saveBestOnly: false })],
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('epoch-'))).toHaveLength(2);
  });
});

describe('readTable', () => {
  test('reads plain and gzipped CSV alike', async () => {
    const text = `a,b,label\n${Array.from({ length: 12 }, (_, i) => `${i},${i * i},${i % 2 ? 'odd' : 'even'}`).join('\n')}\n`;
    writeFileSync(join(folder, 't.csv'), text);
    writeFileSync(join(folder, 't.csv.gz'), gzipSync(text));
    const [plain, packed] = await Promise.all(
      ['t.csv', 't.csv.gz'].map((name) => readTable(join(folder, name), { target: 'label' })),
    );
    expect(packed).toEqual(plain);
    expect(plain!.classNames).toEqual(['even', 'odd']);
  });
});
