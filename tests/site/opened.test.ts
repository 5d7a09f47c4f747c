import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MOST_BYTES } from '../../site/src/engine/limits.ts';
import type { Command, Event, Opened, Progress, Samples } from '../../site/src/engine/messages.ts';
import type { Lab } from '../../site/src/state/lab.svelte.ts';

// State that nothing follows is a plain value.
const plain = <T>(value: T): T => value;
beforeAll(() => void vi.stubGlobal('$state', Object.assign(plain, { raw: plain })));
afterAll(() => void vi.unstubAllGlobals());

/** A file that is read when a test lets it be. */
class Held {
  readonly name: string;
  readonly size: number;
  go: (isThere?: boolean) => void = () => {};
  constructor(name: string, size = 3) {
    this.name = name;
    this.size = size;
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return new Promise((resolve, reject) => {
      this.go = (isThere = true) => (isThere ? resolve(new ArrayBuffer(this.size)) : reject(new Error('gone')));
    });
  }
}

const samples = (): Samples => ({ task: 'classification' }) as Samples;
const trainedFor = (epoch: number): Progress => ({ epoch }) as Progress;
const compared = (name: string, epoch: number): Event => ({
  kind: 'opened',
  opened: { name, damage: { epoch, score: 1, before: 1, lines: [] }, uncompared: null } as Partial<Opened> as Opened,
});
const uncompared = (why: NonNullable<Opened['uncompared']>): Event => ({
  kind: 'opened',
  opened: { name: 'a', damage: null, uncompared: why } as Partial<Opened> as Opened,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function begun() {
  const { Opening } = await import('../../site/src/compress/opening.svelte.ts');
  const sent: Command[] = [];
  let listener: (event: Event) => void = () => {};
  const experiment = { opened: null as Opened | null, samples: samples(), progress: trainedFor(5), isRunning: false };
  const lab = {
    send: (command: Command) => void sent.push(command),
    on: (given: (event: Event) => void) => {
      listener = given;
      return () => {};
    },
    experiment,
  };
  const opening = new Opening(lab as Partial<Lab> as Lab);
  const tell = (event: Event): void => {
    if (event.kind === 'opened') experiment.opened = event.opened;
    listener(event);
  };
  const names = (): string[] => sent.map((command) => (command.kind === 'open' ? command.name : command.kind));
  /** Drops a file and lets it be read. */
  const drop = async (name = 'a'): Promise<void> => {
    const file = new Held(name);
    const taken = opening.take([file]);
    file.go();
    await taken;
  };
  /** Opens anew what is outdated, if it is. */
  const refresh = async (file: Held): Promise<void> => {
    const done = opening.refresh();
    file.go();
    await done;
  };
  return { opening, experiment, tell, names, drop, refresh };
}

describe('files that are dropped', () => {
  test('of several the first is read, and that is said', async () => {
    const { opening, names, tell, drop } = await begun();
    const files = [new Held('a'), new Held('b'), new Held('c')];
    const taken = opening.take(files);
    expect([opening.several, opening.reading]).toEqual([{ name: 'a', count: 3 }, 'a']);
    files[0]!.go();
    await taken;
    expect(names()).toEqual(['a']);
    tell(compared('a', 5));
    expect([opening.several, opening.reading]).toEqual([{ name: 'a', count: 3 }, null]);
    await drop('d');
    expect(opening.several).toBeNull();
  });

  test('the last that was dropped wins, not the last that was read', async () => {
    const { opening, names } = await begun();
    const [slow, fast] = [new Held('slow'), new Held('fast')];
    const first = opening.take([slow]);
    const second = opening.take([fast]);
    fast.go();
    await second;
    slow.go();
    await first;
    expect(names()).toEqual(['fast']);
    expect(opening.reading).toBe('fast');
  });

  test('what is said of an earlier one does not end the reading of the last', async () => {
    const { opening, tell, drop } = await begun();
    await drop('first');
    const last = new Held('last');
    const taken = opening.take([last]);
    tell({ kind: 'refused', of: 'open', reason: { kind: 'file empty', name: 'first' } });
    expect([opening.refused, opening.reading]).toEqual([null, 'last']);
    last.go(false);
    await taken;
    expect([opening.unread, opening.reading]).toEqual([{ kind: 'unreadable', name: 'last' }, null]);

    const slow = new Held('slow');
    const unread = opening.take([slow]);
    await opening.take([new Held('large', MOST_BYTES + 1)]);
    slow.go();
    await unread;
    expect([opening.unread?.kind, opening.reading]).toEqual(['too large', null]);
  });

  test('a refusal of the last one is shown, and gone with the next', async () => {
    const { opening, tell, drop } = await begun();
    await drop();
    const refused = { kind: 'refused', of: 'open', reason: { kind: 'file empty', name: 'a' } } as const;
    tell(refused);
    expect(opening.refused).toBe(refused);
    await drop();
    expect(opening.refused).toBeNull();
  });
});

describe('what an opened network is compared with', () => {
  test('is another once the network has been trained on: it is opened anew when training rests', async () => {
    const { opening, experiment, tell, names, refresh } = await begun();
    const file = new Held('a');
    const taken = opening.take([file]);
    file.go();
    await taken;
    tell(compared('a', 5));
    await refresh(file);
    expect([opening.isOutdated, names()]).toEqual([false, ['a']]);

    Object.assign(experiment, { progress: trainedFor(6), isRunning: true });
    await refresh(file);
    expect([opening.isOutdated, names()]).toEqual([true, ['a']]);
    experiment.isRunning = false;
    await refresh(file);
    expect(names()).toEqual(['a', 'a']);
    expect(opening.reading).toBeNull();
    await refresh(file); // asked already
    expect(names()).toHaveLength(2);
    tell(compared('a', 6));
    expect(opening.isOutdated).toBe(false);
  });

  test('is another in another experiment, also after as many epochs', async () => {
    const { opening, experiment, tell, drop } = await begun();
    await drop();
    tell(compared('a', 5));
    experiment.samples = samples();
    expect(opening.isOutdated).toBe(true);
  });

  test('a file that is gone meanwhile is told of once', async () => {
    const { opening, experiment, tell, names } = await begun();
    const file = new Held('a');
    const taken = opening.take([file]);
    file.go();
    await taken;
    tell(compared('a', 5));
    experiment.progress = trainedFor(6);
    const done = opening.refresh();
    file.go(false);
    await done;
    expect(opening.unread).toEqual({ kind: 'unreadable', name: 'a' });
    await opening.refresh();
    await turn();
    expect(names()).toEqual(['a']);
    expect(opening.isOutdated).toBe(true);
  });

  test.each([
    ['nothing trained', true, true],
    ['other question', false, true],
    ['tensors', false, false],
    ['too large', false, false],
    ['not run', false, false],
  ] as const)('%s: outdated by more epochs %s, by another experiment %s', async (why, byEpochs, byExperiment) => {
    const { opening, experiment, tell, drop } = await begun();
    experiment.progress = trainedFor(0);
    await drop();
    tell(uncompared(why));
    expect(opening.isOutdated).toBe(false);
    experiment.progress = trainedFor(7);
    expect(opening.isOutdated).toBe(byEpochs);
    experiment.samples = samples();
    expect(opening.isOutdated).toBe(byExperiment);
  });
});
