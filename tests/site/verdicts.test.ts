import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remediesFor } from '../../site/src/fit/visual/remedies.ts';
import { stopText } from '../../site/src/fit/visual/stop.ts';
import { areFew, reasonsIn } from '../../site/src/fit/visual/verdict.ts';
import type { Changes } from '../../site/src/state/changes.ts';
import { DEFAULTS } from '../../site/src/state/defaults.ts';
import type { Settings } from '../../site/src/state/settings.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';
import { type DiagnoseOptions, diagnose, type History, type Standing } from '../../src/index.ts';
import { expectValid, settings } from './settings.ts';

const LANGUAGES = { en, zh };

const standing = (of: Partial<Standing>): Standing => ({
  train: 1,
  validation: 1,
  error: 0.01,
  trainError: 0.01,
  constant: 0.5,
  trainConstant: 0.5,
  neighbours: [],
  ...of,
});

const history = (curves: Readonly<Record<string, number[]>>): History => {
  const epochs = Object.values(curves)[0]!.map((_, i) => i);
  return { epochs, history: curves } as unknown as History;
};

const flat = { loss: [1, 1, 1], val_loss: [1, 1, 1] };
const rising = { accuracy: [0.5, 0.8, 1], val_accuracy: [0.5, 0.8, 0.7], ...flat };

/** Something for each sentence that diagnose can give. */
const CASES: readonly (readonly [
  diagnosed: string,
  subject: Parameters<typeof diagnose>[0],
  options?: DiagnoseOptions,
])[] = [
  ['good fit', { accuracy: standing({ train: 0.99, validation: 0.98 }) }],
  ['good fit', history({ loss: [1, 0.1], val_loss: [1, 0.11] })],
  ['good fit, excused', { loss: standing({ train: 0.0001, validation: 0.001, constant: 1, trainConstant: 1 }) }],
  ['good fit, of a first epoch', history({ loss: [1, 0.001], val_loss: [1, 0.01] })],
  ['overfit', { accuracy: standing({ train: 1, validation: 0.7 }) }],
  ['overfit, once better', history(rising)],
  ['overfit, of R²', { r2: standing({ train: 1, validation: 0.7, constant: 0, trainConstant: 0 }) }],
  ['overfit, R² without errors', history({ r2: [0.5, 1], val_r2: [0.5, -1.25], ...flat })],
  ['underfit, by hand', history({ accuracy: [0.5, 0.6], val_accuracy: [0.5, 0.6] })],
  [
    'underfit, still falling',
    history({ accuracy: [0.5, 0.6], val_accuracy: [0.5, 0.6], loss: [1, 0.5], val_loss: [1, 0.5] }),
    { standings: { accuracy: standing({ train: 0.6, validation: 0.6 }) } },
  ],
  [
    'underfit, earlier weights',
    history({ accuracy: [0.5, 0.9], val_accuracy: [0.5, 0.6], ...flat }),
    { standings: { accuracy: standing({ train: 0.6, validation: 0.6 }) } },
  ],
  ['underfit, neighbours', { accuracy: standing({ train: 0.7, validation: 0.7, neighbours: [0.95] }) }],
  ['cannot tell, constant', { accuracy: standing({ train: 0.51, validation: 0.5 }) }],
  ['cannot tell, alike', { accuracy: standing({ train: 0.8, validation: 0.8 }) }],
  ['cannot tell, chance', { accuracy: standing({ train: 1, validation: 0.94, error: 0.05 }) }],
  ['cannot tell, one sample', { accuracy: standing({ error: Number.POSITIVE_INFINITY }) }],
  [
    'nothing learned',
    { accuracy: standing({ train: 0.96, validation: 0.5, trainConstant: 0.97, error: 0, trainError: 0 }) },
    { target: 0.9 },
  ],
  ['within its error', { accuracy: standing({ train: 1, validation: 0.94, error: 0, trainError: 0.05 }) }],
  ['broken', history({ loss: [1, Number.NaN], val_loss: [1, Number.NaN] })],
  ['broken, infinite', history({ loss: [1, Number.POSITIVE_INFINITY], val_loss: [1, 2] })],
  [
    'changed since',
    { ...history({ loss: [1, 0.1], val_loss: [1, 0.1] }), left: () => undefined } as unknown as History,
  ],
];

describe('verdicts', () => {
  for (const [name, subject, options] of CASES)
    test(`every reason has its words: ${name}`, () => {
      const diagnosis = diagnose(subject, options);
      expect(name.startsWith(diagnosis.verdict) || !/^(good|over|under|cannot|broken)/.test(name)).toBe(true);
      for (const { fit } of Object.values(LANGUAGES)) {
        const words = reasonsIn(fit.verdict, diagnosis);
        expect(words).toHaveLength(diagnosis.reasons.length);
        words.forEach((sentence, i) => {
          if (fit === zh.fit) expect(sentence).not.toBe(diagnosis.reasons[i]);
          expect(sentence).not.toMatch(/NaN|undefined/);
        });
        expect(fit.verdict.words[diagnosis.verdict]).toBeDefined();
        expect(fit.verdict.means[diagnosis.verdict]).toBeDefined();
      }
    });

  test('the cases give every sentence there is', () => {
    const all = CASES.map(([, subject, options]) => diagnose(subject, options));
    expect(new Set(all.map(({ verdict }) => verdict))).toEqual(
      new Set(['good fit', 'overfit', 'underfit', 'cannot tell', 'broken']),
    );
    const said = new Set(all.flatMap((diagnosis) => reasonsIn(keyed(), diagnosis)));
    expect(said).toEqual(new Set(Object.keys(en.fit.verdict.reasons)));
  });

  test('say the figures of the reasons', () => {
    const diagnosis = diagnose({ accuracy: standing({ train: 1, validation: 0.704 }) });
    expect(reasonsIn(en.fit.verdict, diagnosis)).toEqual([
      'accuracy is 100 % in training and 70.4 % in validation: a gap of 29.6 % ± 1.4 %, more than the 5 % allowed',
      'training accuracy reaches the target of 95 %',
    ]);
    expect(reasonsIn(zh.fit.verdict, diagnosis)[0]).toBe(
      '准确率：训练 100 %，验证 70.4 %，差距 29.6 % ± 1.4 %，超过允许的 5 %',
    );
    const loss = diagnose(history({ loss: [1, 0.5, 0.1], val_loss: [1, 0.6, 0.8] }));
    expect(reasonsIn(en.fit.verdict, loss).at(-1)).toBe(
      'validation loss was best, 0.6, in epoch 2 of 3, and has become worse since',
    );
  });

  test('a reason that is not known stays as it is', () => {
    expect(reasonsIn(en.fit.verdict, { reasons: ['something new'] })).toEqual(['something new']);
  });
});

/** Words that are the names of the sentences. */
function keyed(): typeof en.fit.verdict {
  const names = Object.keys(en.fit.verdict.reasons).map((name) => {
    const isFunction = typeof en.fit.verdict.reasons[name as keyof typeof en.fit.verdict.reasons] === 'function';
    return [name, isFunction ? () => name : name];
  });
  return { ...en.fit.verdict, reasons: Object.fromEntries(names) };
}

const changed = (from: Settings, { data, network, training, compress, ...plain }: Changes): Settings => ({
  ...from,
  ...plain,
  data: { ...from.data, ...data },
  network: { ...from.network, ...network },
  training: { ...from.training, ...training },
  compress: { ...from.compress, ...compress },
});

describe('remedies', () => {
  const verdicts = ['underfit', 'good fit', 'overfit', 'cannot tell', 'broken'] as const;
  const names = (verdict: string, of: Settings): string[] =>
    remediesFor(verdict, of, en.fit.verdict.remedies).map(({ name }) => name);

  test('every verdict has some with the default settings', () => {
    for (const verdict of verdicts) expect(names(verdict, DEFAULTS)).not.toEqual([]);
    expect(names('something else', DEFAULTS)).toEqual([]);
    expect(names('overfit', DEFAULTS)).toEqual(['moreData', 'earlyStopping', 'dropout', 'l2', 'smaller']);
    expect(names('underfit', DEFAULTS)).toEqual(['larger', 'moreEpochs', 'fasterRate']);
  });

  test('change something, to settings that can be, whatever is set; in both languages', () => {
    fc.assert(
      fc.property(settings, fc.constantFrom(...verdicts), (from, verdict) => {
        for (const { fit } of Object.values(LANGUAGES))
          for (const { label, changes } of remediesFor(verdict, { ...from, tab: 'fit' }, fit.verdict.remedies)) {
            expect(label).not.toMatch(/undefined|NaN|^$/);
            const to = changed({ ...from, tab: 'fit' }, changes!);
            expect(JSON.stringify(to)).not.toBe(JSON.stringify({ ...from, tab: 'fit' }));
            expectValid(to);
          }
      }),
    );
  });

  test('a learning rate that is too high is lowered first, to one that is not', () => {
    for (const optimizer of ['sgd', 'momentum', 'adam', 'adamW', 'rmsprop'] as const) {
      const high = changed(DEFAULTS, { training: { optimizer, learningRate: 1 } });
      for (const verdict of ['underfit', 'cannot tell']) {
        const [first] = remediesFor(verdict, high, en.fit.verdict.remedies);
        expect(first?.label).toMatch(/^Lower learning rate/);
        expect(names(verdict, changed(high, first!.changes!))).not.toContain('calmerRate');
      }
    }
    expect(names('underfit', DEFAULTS)).not.toContain('calmerRate');
  });

  test('an overfitted network can be made smaller until there is nothing left to take', () => {
    let at = changed(DEFAULTS, {
      network: {
        layers: [
          { units: 64, activation: 'relu' },
          { units: 64, activation: 'relu' },
        ],
      },
    });
    for (let i = 0; i < 20 && names('overfit', at).includes('smaller'); i++) {
      const smaller = remediesFor('overfit', at, en.fit.verdict.remedies).find(({ name }) => name === 'smaller')!;
      at = changed(at, smaller.changes!);
    }
    expect(at.network.layers).toEqual([{ units: 2, activation: 'relu' }]);
  });

  test('where one cannot tell by few samples more of them come first', () => {
    const few = (of: Settings) => remediesFor('cannot tell', of, en.fit.verdict.remedies, true);
    const high = changed(DEFAULTS, { data: { samples: 30 }, training: { optimizer: 'adam', learningRate: 1 } });
    expect(few(high)[0]).toMatchObject({ name: 'moreData', changes: { data: { samples: 60 } } });
    for (const name of ['drawn', 'table'] as const) {
      const own = few(changed(high, { data: { name } }));
      expect(own[0]).toMatchObject({ name: 'ownData', label: en.fit.verdict.remedies.ownData, changes: null });
      expect(own.length).toBeGreaterThan(1);
    }
    expect(names('cannot tell', changed(DEFAULTS, { data: { name: 'drawn' } }))[0]).toBe('larger');
    const said = CASES.filter(([, subject, options]) => areFew(diagnose(subject, options), 900)).map(([name]) => name);
    expect(said).toEqual(['cannot tell, chance', 'cannot tell, one sample']);
    expect(areFew({ reasons: [] }, 30)).toBe(true);
  });

  test('what is one’s own is not made more', () => {
    for (const name of ['drawn', 'table'] as const)
      expect(names('overfit', changed(DEFAULTS, { data: { name } }))).not.toContain('moreData');
    expect(names('overfit', changed(DEFAULTS, { data: { samples: 2000 } }))).not.toContain('moreData');
    const digits = (samples: number) => changed(DEFAULTS, { data: { name: 'digits', samples } });
    const [more] = remediesFor('overfit', digits(1500), en.fit.verdict.remedies);
    expect(more?.changes).toEqual({ data: { samples: 1797 } });
    expect(names('overfit', digits(1797))).not.toContain('moreData');
  });

  test('what holds a network back is taken away', () => {
    const held = changed(DEFAULTS, {
      network: { dropout: 0.5, l2: 0.1, layers: [{ units: 4, activation: 'linear' }] },
      training: { optimizer: 'sgd', learningRate: 0.001 },
    });
    expect(names('underfit', held)).toEqual([
      'curved',
      'noDropout',
      'noPenalty',
      'larger',
      'moreEpochs',
      'adam',
      'fasterRate',
    ]);
    const powers = changed(DEFAULTS, { data: { name: 'polynomial', degree: 12 } });
    expect(names('underfit', powers)).not.toContain('higherDegree');
    expect(names('overfit', powers)).toContain('lowerDegree');
  });
});

test('why training stands still is told, but for what has a notice of its own', () => {
  for (const { fit } of Object.values(LANGUAGES)) {
    expect(stopText({ kind: 'done' }, 500, fit.scores)).toContain('500');
    expect(stopText({ kind: 'paused' }, 12, fit.scores)).toContain('12');
    expect(stopText({ kind: 'paused' }, 0, fit.scores)).toBeNull();
    const restored = stopText({ kind: 'early', bestEpoch: 80, isRestored: true }, 110, fit.scores);
    const kept = stopText({ kind: 'early', bestEpoch: 80, isRestored: false }, 110, fit.scores);
    expect(restored).toMatch(/110.*80/);
    expect(restored).not.toBe(kept);
    expect(stopText({ kind: 'nan', where: 'dense', epoch: 3, suggestedRate: 0.1 }, 3, fit.scores)).toBeNull();
  }
});
