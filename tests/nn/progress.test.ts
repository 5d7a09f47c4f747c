import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type CompileOptions,
  Dense,
  mul,
  ones,
  Sequential,
  SGD,
  StateError,
  square,
  sub,
  type Tensor,
} from '../../src/index.ts';
import { Progress, type Terminal } from '../../src/nn/progress.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A terminal that shows its last line as people see it, and a clock that is set by hand. */
function stage(columns?: number): { written: string[]; terminal: Terminal; at: (ms: number) => void } {
  const written: string[] = [];
  let now = 5000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const terminal = { isTTY: true, ...(columns && { columns }), write: (text: string) => written.push(text) };
  return {
    written,
    terminal,
    at: (ms) => {
      now = 5000 + ms;
    },
  };
}
const printed = (): string[] => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  return new Proxy([], {
    get: (_, key) =>
      Reflect.get(
        print.mock.calls.map(([text]) => text),
        key,
      ),
  });
};

describe('on a terminal', () => {
  test('a line tells how far an epoch is, not more often than one can read, and gives way to that of the epoch', () => {
    const { written, terminal, at } = stage(200);
    const lines = printed();
    let samples = 0;
    let asked = 0;
    const running = () => {
      asked++;
      return { samples, logs: { loss: 0.123456789, accuracy: 0.5 } };
    };
    const progress = new Progress(3, 40, running, terminal);
    progress.onEpochBegin(1);
    for (let batch = 0; batch < 39; batch++) {
      samples += 100;
      at(30 * (batch + 1));
      progress.onBatchEnd(batch);
    }
    expect(written).toHaveLength(9); // of 1,170 ms every fourth batch of 30
    expect(written[0]).toBe(
      '\r\x1b[Kepoch 2/3  batch 4/40  loss 0.12346  accuracy 0.5  3,333 samples/s  120 ms, 1.1 s left',
    );
    expect(written.at(-1)).toBe(
      '\r\x1b[Kepoch 2/3  batch 36/40  loss 0.12346  accuracy 0.5  3,333 samples/s  1.1 s, 120 ms left',
    );
    expect(asked).toBe(18); // figures and rate, where they are shown
    at(2000); // held-out samples took the rest
    progress.onEpochEnd(1, { loss: 0.25, val_loss: 0.5 });
    expect(written.at(-1)).toBe('\r\x1b[K');
    expect([...lines]).toEqual(['epoch 2/3  loss 0.25  val_loss 0.5  2.0 s  3,333 samples/s']);
    progress.onTrainEnd();
    expect(written).toHaveLength(10);
  });

  test('a line is no longer than the terminal is wide, and a training that fails takes it back', () => {
    const { written, terminal, at } = stage(24);
    const progress = new Progress(1, 9, () => ({ samples: 1, logs: { loss: 1 } }), terminal);
    progress.onEpochBegin(0);
    at(500);
    progress.onBatchEnd(0);
    expect(written).toEqual(['\r\x1b[Kepoch 1/1  batch 1/9  l']);
    progress.onTrainEnd();
    expect(written).toEqual(['\r\x1b[Kepoch 1/1  batch 1/9  l', '\r\x1b[K']);
  });

  test('fit writes to standard output, and leaves no line behind where it is aborted', async () => {
    const { written, terminal } = stage();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 60;
      return now;
    });
    vi.stubGlobal('process', { ...process, stdout: terminal });
    const lines = printed();
    const model = new Sequential([new Dense(1)], { seed: 1 });
    model.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae'] });
    model.fit(ones([8, 1]), ones([8, 1]), { batchSize: 2, verbose: 1 });
    expect(written[0]!.slice('\r\x1b[K'.length)).toMatch(
      /^epoch 1\/1 {2}batch \d\/4 {2}loss [\d.e-]+ {2}mae [\d.e-]+ {2}/,
    );
    expect(written.at(-1)).toBe('\r\x1b[K');
    expect([...lines]).toHaveLength(1);
    written.length = 0;
    const signal = { aborted: false };
    const onBatchEnd = (batch: number): void => {
      signal.aborted = batch === 2;
    };
    const run = model.fitAsync(ones([8, 1]), ones([8, 1]), {
      batchSize: 2,
      verbose: 1,
      signal,
      callbacks: [{ onBatchEnd }],
    });
    await expect(run).rejects.toThrow(StateError);
    expect(written.length).toBeGreaterThan(1);
    expect(written.at(-1)).toBe('\r\x1b[K');
  });
});

test.each([
  ['a file', { stdout: { isTTY: false, write: () => expect.fail('nothing is to be written') } }],
  ['a runtime that has none', undefined],
  ['a page with some process of a bundler', {}],
])('on %s there is a line an epoch alone', (_, process) => {
  const lines = printed();
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 1000;
    return now;
  });
  const model = new Sequential([new Dense(1)], { seed: 1 });
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  vi.stubGlobal('process', process);
  try {
    model.fit(ones([8, 1]), ones([8, 1]), { batchSize: 2, epochs: 2, verbose: 1 });
  } finally {
    vi.unstubAllGlobals();
  }
  expect([...lines]).toHaveLength(2);
  expect(lines[1]).toMatch(/^epoch 2\/2 {2}loss [\d.e-]+ {2}learning_rate 0\.01 {2}\d+\.\d s {2}[\d,]+ samples\/s$/);
});

describe('steps that are not repeated', () => {
  const loss = (yTrue: Tensor, yPred: Tensor): Tensor => square(sub(yPred, yTrue));
  class Twice extends Dense {
    override readonly replayable = false as true;
  }
  class Mine extends SGD {}
  /** What is warned of in fits of some epochs of one batch. */
  function warnings(options: CompileOptions, epochs: readonly number[], layer = new Dense(1)): string[] {
    const warn = vi
      .spyOn(console, 'warn')
      .mockReset()
      .mockImplementation(() => undefined);
    const model = new Sequential([layer]);
    model.compile(options);
    for (const each of epochs) model.fit(ones([2, 1]), ones([2, 1]), { epochs: each });
    model.compile(options);
    for (const each of epochs) model.fit(ones([2, 1]), ones([2, 1]), { epochs: each });
    return warn.mock.calls.map(([text]) => String(text));
  }

  test('are told of once a model, in the first fit of some length, with what to do', () => {
    const [text, ...others] = warnings({ loss }, [9, 10, 20]);
    expect(others).toEqual([]);
    expect(text).toBe(
      'fit: steps are not repeated from a recording, for which a small model takes several times as long: the loss custom ' +
        'does not say that it is replayable. A loss { name, call, replayable: true } and a layer with replayable = true are ' +
        'repeated, if they consist of operations on tensors alone; compile({ replay: false }) leaves it as it is',
    );
    expect(warnings({ loss: 'mse', optimizer: 'sgd' }, [10], new Twice(1, { name: 'own' }))).toEqual([
      expect.stringContaining('layer own does not say'),
    ]);
    expect(warnings({ loss: 'mse', optimizer: new Mine() }, [10])).toEqual([
      expect.stringContaining('the optimizer SGD'),
    ]);
  });

  test('are not where nobody waits for them, where they are wanted, and where nothing stands against it', () => {
    expect(warnings({ loss }, [9])).toEqual([]);
    expect(warnings({ loss, replay: false }, [30])).toEqual([]);
    const replayable = { name: 'mine', call: (t: Tensor, p: Tensor) => mul(loss(t, p), 2), replayable: true };
    expect(warnings({ loss: replayable }, [30])).toEqual([]);
    expect(warnings({ loss: 'mse', optimizer: 'adam' }, [30])).toEqual([]);
  });
});
