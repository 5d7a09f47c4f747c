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

  test('needs validation figures', () => {
    expect(() => diagnose(run({ loss: [1, 0.5] }))).toThrow(ValueError);
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
