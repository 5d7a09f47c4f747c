import { describe, expect, test } from 'vitest';
import { Activation, Dense, Dropout, diagnose, type History, Sequential, ValueError } from '../../src/index.ts';

const run = (history: Record<string, number[]>): History => ({
  epochs: Object.values(history)[0]!.map((_, i) => i),
  history,
  seed: 0,
});

describe('diagnose', () => {
  test('low training accuracy with a small gap is underfitting', () => {
    const { verdict, gap, reasons } = diagnose(run({ accuracy: [0.3, 0.6], val_accuracy: [0.3, 0.58] }));
    expect(verdict).toBe('underfit');
    expect(gap).toBeCloseTo(0.02, 12);
    expect(reasons.join(' ')).toContain('0.6');
  });

  test('a wide gap is overfitting', () => {
    expect(diagnose(run({ accuracy: [0.9, 1], val_accuracy: [0.85, 0.9] })).verdict).toBe('overfit');
    expect(diagnose(run({ loss: [1, 0.1], val_loss: [1, 0.4] })).verdict).toBe('overfit');
  });

  test('high accuracy with a small gap is a good fit', () => {
    expect(diagnose(run({ accuracy: [0.9, 0.99], val_accuracy: [0.9, 0.97] })).verdict).toBe('good fit');
    expect(diagnose(run({ loss: [1, 0.2], val_loss: [1, 0.22] })).verdict).toBe('good fit');
  });

  test('the thresholds can be set', () => {
    const history = run({ accuracy: [0.9, 0.99], val_accuracy: [0.9, 0.97] });
    expect(diagnose(history, { gap: 0.01 }).verdict).toBe('overfit');
    expect(diagnose(history, { target: 0.995 }).verdict).toBe('underfit');
  });

  test('says when validation was best, if it got worse since', () => {
    const { bestEpoch, reasons } = diagnose(run({ loss: [1, 0.5, 0.1, 0.01], val_loss: [1, 0.6, 0.7, 0.9] }));
    expect(bestEpoch).toBe(1);
    expect(reasons.join(' ')).toMatch(/epoch 2 of 4/);
  });

  test('numbers epochs as the history does, also where training was resumed', () => {
    const history = { loss: [1, 0.5, 0.1, 0.01], val_loss: [1, 0.6, 0.7, 0.9] };
    for (const initialEpoch of [0, 1, 10]) {
      const epochs = [0, 1, 2, 3].map((i) => initialEpoch + i);
      const { bestEpoch, reasons } = diagnose({ epochs, history, seed: 0 });
      expect(bestEpoch).toBe(initialEpoch + 1);
      expect(reasons.join(' ')).toContain(`in epoch ${initialEpoch + 2} of ${initialEpoch + 4}`);
    }
    const scores = { accuracy: [0.5, 0.6, 0.7], val_accuracy: [0.5, 0.9, 0.4] };
    expect(diagnose({ epochs: [7, 8, 9], history: scores, seed: 0 }).bestEpoch).toBe(8);
  });

  test('training that ended in NaN is no good fit', () => {
    expect(diagnose(run({ loss: [1, Number.NaN], val_loss: [1, Number.NaN] })).verdict).not.toBe('good fit');
  });

  test('needs validation figures, and names what it looked for and what there is', () => {
    expect(() => diagnose(run({ loss: [1, 0.5] }))).toThrow(ValueError);
    const refused =
      (history: Record<string, number[]>, monitor?: string): (() => unknown) =>
      () =>
        diagnose(run(history), monitor === undefined ? {} : { monitor });
    expect(refused({ loss: [1], mae: [2] })).toThrow(
      'diagnose: the history must be one with loss and val_loss, got ["loss", "mae"]',
    );
    expect(refused({ val_mae: [1], mae: [2] })).toThrow('one with loss and val_loss');
    expect(refused({ loss: [1], val_loss: [2] }, 'accuracy')).toThrow('one with accuracy and val_accuracy');
    expect(refused({ loss: [], val_loss: [] })).toThrow('one with loss and val_loss');
  });

  const figures = { loss: [1, 0.1], val_loss: [1, 0.11], r2: [0.5, 0.6], val_r2: [0.5, 0.6] };

  test('goes by accuracy, else by r2, else by the loss, unless told what', () => {
    const all = { ...figures, accuracy: [0.9, 1], val_accuracy: [0.9, 0.5] };
    expect(diagnose(run(all))).toMatchObject({ monitor: 'accuracy', verdict: 'overfit', train: 1, validation: 0.5 });
    expect(diagnose(run(figures))).toMatchObject({ monitor: 'r2', verdict: 'underfit', train: 0.6, validation: 0.6 });
    const { r2: _, val_r2: __, ...loss } = figures;
    expect(diagnose(run(loss))).toMatchObject({ monitor: 'loss', verdict: 'good fit', train: 0.1, validation: 0.11 });
    expect(diagnose(run(all), { monitor: 'loss' }).monitor).toBe('loss');
    const mine = run({ mine: [4, 3], val_mine: [4, 3] });
    expect(diagnose(mine, { monitor: 'mine', mode: 'min' }).verdict).toBe('underfit');
    expect(diagnose(mine, { monitor: 'mine', mode: 'max' }).verdict).toBe('good fit');
    expect(() => diagnose(mine, { monitor: 'mine' })).toThrow('diagnose: mode must be min or max when judging by mine');
  });

  test('gives the rule that excused a gap of a good fit', () => {
    const small = diagnose(run({ loss: [1, 0.016], val_loss: [1, 0.025] })); // below 1/20 of what it began with
    expect(small.verdict).toBe('good fit');
    expect(small.reasons.at(-1)).toBe(
      'the validation loss is below a twentieth of 1, which training had in the first epoch: a gap as a share of so little says nothing',
    );
    const standing = {
      train: 0.016,
      validation: 0.025,
      constant: 2,
      trainConstant: 2,
      neighbours: [],
      error: 0,
      trainError: 0,
    };
    expect(diagnose({ loss: standing }).reasons.at(-1)).toContain(
      'below a twentieth of 2, which one answer to all samples has',
    );
    const unlearned = {
      train: 0.7,
      validation: 0.6,
      constant: 0.75,
      trainConstant: 0.75,
      neighbours: [],
      error: 0,
      trainError: 0,
    };
    const lucky = diagnose({ accuracy: unlearned }, { target: 0.5 });
    expect([lucky.verdict, lucky.reasons.at(-1)]).toEqual([
      'good fit',
      'one answer to all samples reaches 0.75 in training: there is nothing learned to overfit',
    ]);
    const within = {
      train: 0.99,
      validation: 0.93,
      constant: 0.5,
      trainConstant: 0.5,
      neighbours: [],
      error: 0,
      trainError: 0.02,
    };
    const near = diagnose({ accuracy: within });
    expect([near.verdict, near.reasons.at(-1)]).toEqual(['good fit', 'the gap is within its standard error']);
    const plain = diagnose(run({ loss: [1, 0.2], val_loss: [1, 0.22] }));
    expect(plain.reasons).toHaveLength(2);
  });

  test('refuses what is neither a history nor standings, and says what to write', () => {
    for (const wrong of [undefined, null, 3, {}, new Sequential([new Dense(1)]), Promise.resolve(), { epochs: [1] }])
      expect(() => diagnose(wrong as never)).toThrow(
        /^diagnose: the subject must be the History of a fit, or what assess gives, got .*Write diagnose\(model\.fit\(/,
      );
  });

  test('takes a gap and a target of 0, and figures that meet them exactly', () => {
    const same = run({ accuracy: [0.5], val_accuracy: [0.5] });
    expect(diagnose(same, { gap: 0, target: 0 }).verdict).toBe('good fit');
    expect(diagnose(same, { gap: 0, target: 0.5 }).verdict).toBe('good fit');
    expect(diagnose(same, { gap: -0.01, target: 0 }).verdict).toBe('overfit');
    expect(diagnose(run({ accuracy: [0.75], val_accuracy: [0.5] }), { gap: 0.25, target: 0.75 }).verdict).toBe(
      'good fit',
    );
    expect(diagnose(run({ accuracy: [0.51], val_accuracy: [0.5] }), { gap: 0, target: 0 }).verdict).toBe('overfit');
    expect(diagnose(run({ loss: [4, 2], val_loss: [4, 2] })).verdict).toBe('good fit'); // half of the first
    expect(diagnose(run({ loss: [4, 3], val_loss: [4, 4] }), { target: 3 }).verdict).toBe('good fit'); // a gap of 1/4
    expect(diagnose(run({ loss: [4, 1], val_loss: [4, 1] }), { target: 0 }).verdict).toBe('underfit');
  });

  test('measures the gap of a loss in shares of its size, below 0 and at 0 too', () => {
    const gap = (a: number, b: number): number => diagnose(run({ loss: [a], val_loss: [b] })).gap;
    expect([gap(1, 2), gap(2, 1), gap(-2, -1), gap(-1, -2), gap(0, 0)]).toEqual([0.5, -1, 1, -0.5, 0]);
    expect(diagnose(run({ accuracy: [0.25], val_accuracy: [0.5] })).gap).toBe(-0.25);
  });

  test('gives its reasons with the numbers behind them, to four digits', () => {
    const reasons = (history: Record<string, number[]>, options = {}): readonly string[] =>
      diagnose(run(history), options).reasons;
    expect(reasons({ accuracy: [0.5, 0.987654], val_accuracy: [0.5, 0.912345] })).toEqual([
      'training accuracy 0.9877, validation 0.9123: a gap of 0.07531, more than 0.05',
      'training accuracy reaches 0.95',
    ]);
    expect(reasons({ loss: [1, 0.6], val_loss: [1, 0.75] })).toEqual([
      'training loss 0.6, validation 0.75: a gap of 0.2, not more than 0.25',
      'training loss misses 0.5',
    ]);
    const worse = (train: number[], validation: number[], key = 'loss'): string | undefined =>
      reasons({ [key]: train, [`val_${key}`]: validation })[2];
    expect(worse([1, 0.5, 0.1], [1, 0.5, 0.75])).toBe('validation loss was best, 0.5, in epoch 2 of 3');
    expect(worse([0.5, 0.6, 0.7], [0.5, 0.75, 0.5], 'accuracy')).toBe(
      'validation accuracy was best, 0.75, in epoch 2 of 3',
    );
    // What is worse by no more than a fiftieth is not worth a sentence.
    expect(worse([1, 1], [50, 51])).toBeUndefined();
    expect(worse([1, 1], [50, 51.5])).toBe('validation loss was best, 50, in epoch 1 of 2');
    expect(worse([1, 1], [50, 49], 'accuracy')).toBeUndefined();
    expect(worse([1, 1], [50, 48.5], 'accuracy')).toBe('validation accuracy was best, 50, in epoch 1 of 2');
    expect(worse([1, 1], [-1, -0.9])).toBe('validation loss was best, -1, in epoch 1 of 2');
    expect(reasons({ loss: [1, Number.NaN], val_loss: [1, 1] })[2]).toBe(
      'a figure is not finite: training broke down, which is no fit at all',
    );
  });

  test('of equal epochs takes the first as the best', () => {
    expect(diagnose(run({ loss: [1, 1, 1], val_loss: [0.5, 0.5, 0.7] })).bestEpoch).toBe(0);
    expect(diagnose(run({ accuracy: [1, 1, 1], val_accuracy: [0.5, 0.7, 0.7] })).bestEpoch).toBe(1);
  });
});

describe('summary', () => {
  test('of the 100-64-64-10 network with dropout counts 11,274 parameters', () => {
    const layers = [
      new Dense(64, { activation: 'relu', inputShape: [100] }),
      new Dropout(0.2),
      new Dense(64),
      new Activation('relu'),
      new Dense(10, { activation: 'softmax' }),
    ];
    const text = new Sequential(layers).summary();
    expect(text.replaceAll(',', '')).toContain('Parameters: 11274 trainable: 11274');
    expect(text.split('\n')).toHaveLength(layers.length + 4);
  });
});
