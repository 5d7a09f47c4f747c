import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decodeNetwork } from 'whittle-ml';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import { layersOf, startOf, Told } from './sessions.ts';
import { settingsWith } from './trained.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('a session that trains and whittles', () => {
  test('the default spiral loses 80 % of its weights and its bits, at most 2 points of its score, and comes back as a module', async () => {
    const told = new Told();
    await told.after(startOf({ isRunning: true }));
    const { scores } = told.last('stopped').progress;
    await told.after({ kind: 'compress', settings: { ...DEFAULTS.compress, sparsity: 0.8, bits: 8 } });
    const { result } = told.last('compressed');
    expect(result.before.score).toBe(scores.test);
    expect(result.after.score).toBeGreaterThan(scores.test - 0.025);
    expect(result.after.bytes).toBeLessThan(0.7 * result.before.bytes); // of a file whose graph is half of it
    expect(result.picture.kind).toBe('plane');
    const formats = told.last('formats').formats;
    expect(formats.every(({ compressed }) => compressed !== null && 'bytes' in compressed)).toBe(true);
    await told.after({ kind: 'export', format: 'module', of: 'compressed' });
    const [file] = told.last('exported').files;
    await told.after({ kind: 'open', name: file!.name, bytes: file!.bytes });
    expect(told.last('opened').opened.damage).toMatchObject({ score: result.after.score, before: scores.test });
    await told.after({ kind: 'compress', settings: settingsWith({ student: 0.5 }) });
    expect(told.last('compressed').result.steps[0]).toMatchObject({ kind: 'taught' });
    expect(told.events.filter(({ kind }) => kind === 'refused')).toEqual([]);
  });

  test('a second command ends the first, and what is refused has a reason', async () => {
    const told = new Told();
    await told.after(startOf({ training: { epochs: 2 }, isRunning: true }));
    const compress = (sparsity: number, epochs: number) =>
      told.session.follow({ kind: 'compress', settings: settingsWith({ sparsity, epochs }) });
    await Promise.all([compress(0.3, 500), compress(0.6, 2)]);
    const results = told.events.flatMap((event) => (event.kind === 'compressed' ? [event.result.settings] : []));
    expect(results).toEqual([settingsWith({ sparsity: 0.6, epochs: 2 })]);
    await told.after({ kind: 'compress', settings: settingsWith({ bits: 16, trained: true }) });
    expect(told.last('refused')).toMatchObject({
      of: 'compress',
      reason: { kind: 'rounding of many bits', bits: 16 },
    });
  });

  test('drawings, formats, files and neurons are answered while a network is made smaller', async () => {
    vi.stubGlobal('fetch', async (url: URL) => new Response(readFileSync(url)));
    const told = new Told();
    await told.after(startOf({ training: { epochs: 2 }, isRunning: true }));
    await told.after({ kind: 'export', format: 'safetensors', of: 'trained' });
    const [file] = told.last('exported').files;
    const { session } = told;
    const work = session.follow({ kind: 'compress', settings: settingsWith({ sparsity: 0.5, epochs: 200 }) });
    await Promise.all([
      session.follow({ kind: 'open', name: file!.name, bytes: file!.bytes }),
      session.follow({ kind: 'explain', layer: 0, unit: 0 }),
      session.follow({ kind: 'draw', pixels: new Float32Array(64).fill(8) }),
      session.follow({ kind: 'formats' }),
    ]);
    const kinds = new Set(told.events.map(({ kind }) => kind));
    for (const kind of ['opened', 'explained', 'drawn', 'formats'] as const) expect(kinds).toContain(kind);
    expect(kinds).not.toContain('compressed');
    await work;
    expect(told.last('compressed').result.settings.sparsity).toBe(0.5);
    expect(told.all('refused')).toEqual([]);
  });

  test('files are written after the network that is being made', async () => {
    const told = new Told();
    await told.after(startOf({ training: { epochs: 2 }, isRunning: true }));
    const { session } = told;
    void session.follow({ kind: 'compress', settings: settingsWith({ sparsity: 0.5, epochs: 20 }) });
    await session.follow({ kind: 'export', format: 'safetensors', of: 'compressed' });
    const kinds = told.events.map(({ kind }) => kind);
    expect(kinds.indexOf('compressed')).toBeGreaterThan(0);
    expect(kinds.indexOf('exported')).toBeGreaterThan(kinds.indexOf('compressed'));
  });

  test('a file is of the experiment that there was when it was asked for, whatever begins meanwhile', async () => {
    const told = new Told();
    await told.after(startOf({ network: { layers: layersOf([3], 'tanh') } }));
    const { session } = told;
    await Promise.all([
      session.follow({ kind: 'export', format: 'safetensors', of: 'trained' }),
      session.follow(startOf({ network: { layers: layersOf([5, 5], 'tanh') } })),
    ]);
    expect(told.last('started').shape.map(({ units }) => units)).toEqual([5, 5, 2]);
    const { network } = decodeNetwork(told.last('exported').files[0]!.bytes);
    expect(network.nodes.map(({ name }) => name)).toEqual(['h1', 'output']);
  });

  test('training that was asked for after a waiting compression goes on', async () => {
    const told = new Told();
    await told.after(startOf({ training: { epochs: 6 } }));
    const compress = (): Promise<void> =>
      told.session.follow({ kind: 'compress', settings: settingsWith({ sparsity: 0.5, epochs: 100 }) });
    void compress();
    void compress();
    await told.after({ kind: 'run' });
    expect(told.last('stopped')).toMatchObject({ why: { kind: 'done' }, progress: { epoch: 6 } });
    expect(told.all('compressed')).toEqual([]);
  });

  test.each([
    ['digits', { data: { name: 'digits', samples: 500 }, network: { layers: layersOf([32], 'relu') } }],
    ['sine', { data: { name: 'sine' }, training: { loss: 'meanSquaredError' } }],
    ['hinge', { data: { name: 'moons' }, training: { loss: 'hinge' } }],
    ['batch norm', { network: { layers: layersOf([12, 12], 'relu'), batchNorm: true, dropout: 0.2, l2: 0.001 } }],
    ['no hidden layer', { network: { layers: [] } }],
  ] as const)('%s: with everything at once', async (name, changes) => {
    const told = new Told();
    const { training, ...others } = { training: {}, ...changes };
    await told.after(startOf({ ...others, training: { epochs: 60, ...training }, isRunning: true }));
    const student = name === 'no hidden layer' ? 1 : 0.75;
    const all = { sparsity: 0.4, shared: 16, bits: 8, trained: true, student, epochs: 10 } as const;
    await told.after({ kind: 'compress', settings: settingsWith(all) });
    const { after, before } = told.last('compressed').result;
    expect(Number.isFinite(after.score)).toBe(true);
    // Of a network of four weights the graph in integers takes more than these
    if (name !== 'no hidden layer') expect(after.bytes).toBeLessThan(before.bytes);
    for (const { trained, compressed } of told.last('formats').formats)
      for (const written of [trained, compressed]) expect(written).toHaveProperty('bytes');
  });
});
