import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { Experiment } from '../../site/src/state/experiment.svelte.ts';
import { startOf, Told } from './sessions.ts';

// What the page knows, without a page: state that nothing follows is a plain value.
const plain = <T>(value: T): T => value;
beforeAll(() => void vi.stubGlobal('$state', Object.assign(plain, { raw: plain })));
afterAll(() => void vi.unstubAllGlobals());

describe('what was made smaller of a network', () => {
  const compress = { kind: 'compress', settings: { ...DEFAULTS.compress, epochs: 0 } } as const;

  async function whittled(): Promise<readonly [Told, Experiment]> {
    const told = new Told();
    const { Experiment } = await import('../../site/src/state/experiment.svelte.ts');
    const experiment = new Experiment();
    told.listener = (event) => experiment.hear(event);
    await told.after(startOf({ training: { epochs: 5 } }), { kind: 'step' }, compress);
    expect(experiment.compressed?.settings).toEqual(compress.settings);
    expect(experiment.formats.length).toBeGreaterThan(0);
    expect(experiment.tried).toHaveLength(1);
    return [told, experiment];
  }

  test.each(['step', 'run'] as const)('is of that network no more after a %s', async (kind) => {
    const [told, experiment] = await whittled();
    await told.after({ kind });
    expect(experiment.progress?.epoch).toBeGreaterThan(1);
    expect([experiment.compressed, experiment.formats, experiment.tried]).toEqual([null, [], []]);
  });

  test('stays while files are made, neurons explained and what cannot be done is refused', async () => {
    const [told, experiment] = await whittled();
    await told.after(
      { kind: 'export', format: 'safetensors', of: 'compressed' },
      { kind: 'explain', layer: 0, unit: 0 },
      { kind: 'explain', layer: 9, unit: 0 },
      { kind: 'pause' },
    );
    expect(experiment.refused).toEqual({ kind: 'no such neuron', layer: 9, unit: 0 });
    expect(experiment.compressed).not.toBeNull();
    expect(experiment.tried).toHaveLength(1);
  });
});

test('an experiment that is no longer wanted is forgotten, until another has begun', async () => {
  const told = new Told();
  const { Experiment } = await import('../../site/src/state/experiment.svelte.ts');
  const experiment = new Experiment();
  told.listener = (event) => experiment.hear(event);
  await told.after(startOf({ training: { epochs: 5 }, isRunning: true }));
  expect(experiment.progress?.epoch).toBe(5);
  experiment.forget();
  const known = () => [experiment.samples, experiment.progress, experiment.stop, experiment.verdict, experiment.shape];
  const nothing = [null, null, null, null, []];
  expect(known()).toEqual(nothing);
  await told.after({ kind: 'adjust', training: { ...DEFAULTS.training, epochs: 9 } }, { kind: 'run' });
  await told.after({ kind: 'explain', layer: 0, unit: 0 }, { kind: 'explain', layer: 9, unit: 0 });
  expect([...known(), experiment.explanation, experiment.refused]).toEqual([...nothing, null, null]);
  expect(experiment.isRunning).toBe(false);
  await told.after(startOf({ data: { name: 'table' } }));
  expect(experiment.refused).toEqual({ kind: 'no table' });
  expect(known()).toEqual(nothing);
  await told.after(startOf({ training: { epochs: 3 }, isRunning: true }));
  expect([experiment.progress?.epoch, experiment.refused]).toEqual([3, null]);
});
