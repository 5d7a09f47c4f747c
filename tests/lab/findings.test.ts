import { describe, expect, test } from 'vitest';
import { distillationConclusion, findings } from '../../lab/src/findings.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { Figure } from '../../lab/src/types-base.ts';
import { fixture, regression } from './fixture.ts';

const one = (mean: number): Figure => ({ mean, min: mean, max: mean, values: [mean] });

/** The fixture with these test scores of the fits, the others as the overfitted network; all train to 0.9. */
function withTests(overfit: number, tests: Readonly<Record<string, number>>): ReturnType<typeof findings> {
  const base = fixture();
  const fits: JobReport['fits'] = base.fits.map((fit) => {
    const score = tests[fit.name] ?? overfit;
    return { ...fit, train: one(0.9), test: one(score), gap: one(0.9 - score), history: {} };
  });
  return findings({ ...base, fits, majority: null });
}

describe('sentences say what their own numbers do', () => {
  test('of the remedy that helps most', () => {
    expect(withTests(0.6, { L2: 0.75, dropout: 0.7 }).short[0]).toMatch(
      /0\.900 on them and 0\.600 on test samples\. Of the remedies, L2 helps most: 0\.750 on test samples\.$/,
    );
    expect(withTests(0.6, { L2: 0.601 }).short[0]).toContain('L2 helps most: 0.601');
    expect(withTests(0.6, { L2: 0.7004, dropout: 0.6998, L1: 0.6 }).short[0]).toMatch(
      /the remedies, (L2 and dropout|dropout and L2) help most: 0\.700 on/,
    );
    const none = /on test samples\. None of the remedies raises that\.$/;
    expect(withTests(0.6729, { L2: 0.6734 }).short[0]).toMatch(none); // both are 0.673
    expect(withTests(0.6, { L2: 0.5 }).short[0]).toMatch(none);
  });

  test('of the remedies that narrow the gap', () => {
    const found = withTests(0.6004, { L2: 0.75, dropout: 0.5, L1: 0.59961 }).fits.join(' '); // L1 is 0.600, too
    expect(found).toContain('1 of 6 remedies narrows the gap, each applied alone: L2 (0.150).');
    expect(found).toMatch(
      /The gap does not get smaller with more data \(0\.300\), L1 \(0\.300\), dropout \(0\.400\), /,
    );
    expect(found).toContain('on the test samples rises with L2 (0.750).');
    expect(withTests(0.6, {}).fits.join(' ')).toContain('None of the remedies narrows that gap here.');
  });

  test('of the teacher and the most frequent class', () => {
    const said = (teacher: number): string => {
      const base = fixture();
      const forms = base.forms.map((form, i) => (i === 0 ? { ...form, score: one(teacher) } : form));
      return findings({ ...base, forms, majority: one(0.8) }).caveats.join(' ');
    };
    expect(said(0.802)).toContain('would give accuracy 0.800; the teacher is better.');
    expect(said(0.8003)).toContain('would give accuracy 0.800; the teacher is not better.');
  });

  test('of what compression changed', () => {
    const said = (report: JobReport, form: JobReport['recommendation']['form']) => {
      const { short, forms } = findings({
        ...report,
        recommendation: { ...report.recommendation, form },
        majority: null,
      });
      return [short.at(-1), forms.at(-1)];
    };
    const [combined, all] = said(fixture(), 'combined');
    expect(combined).toBe(
      'combined answers 6.4 % of the test samples otherwise than the teacher: 20 wrong that were right, 2 right that were ' +
        "wrong (McNemar's p is below 0.001: hardly chance). The class that lost most recall, in points: 8 (36 samples): " +
        '13.9 (5.6 to 22.2).',
    );
    expect(all).toMatch(
      /^Answers that are others than the teacher's: pruned 0\.8 %, .*; by McNemar's test more than chance: student \(distilled\), combined\.$/,
    );
    const [pruned] = said(fixture(), 'pruned');
    expect(pruned).toContain('p is 0.500: chance may do as much). No class lost recall.');
    expect(said(fixture(3), 'combined')[0]).toContain(
      "than the teacher, over 3 seeds: 20 wrong that were right, 2 right that were wrong (McNemar's p is below 0.05 in 3 of 3 seeds)",
    );
    const base = fixture();
    const { damage } = base;
    if (damage.kind !== 'classes') throw new Error('there are classes');
    const chance = damage.forms.map((form) => ({ ...form, mcnemar: one(0.2) }));
    expect(said({ ...base, damage: { ...damage, forms: chance } }, 'int8')[1]).toMatch(
      /none of these changes can be told from chance\.$/,
    );
    expect(said(regression(), 'int8')).toEqual([
      'int8 moves predictions of the test samples by 1.25 in the middle and 7.5 at most; with 1.0 hundredths of R² lost ' +
        '(-0.2 to 3.0) it is not to be told from the teacher.',
      'Worse than the teacher by more than the choice of the test samples may do: combined.',
    ]);
    expect(said(regression(), 'combined')[0]).toMatch(/\(1\.1 to 3\.0\) it is worse than the teacher\.$/);
  });

  test('of zeros that pay, and of those that do not', () => {
    const said = (milliseconds: number): string => {
      const base = fixture();
      const forms = base.forms.map((form) =>
        form.name === 'sparse panels' ? { ...form, latency64: one(milliseconds) } : form,
      );
      return findings({ ...base, forms, majority: null }).forms.find((text) => text.includes('panels of 16'))!;
    };
    expect(said(0.22)).toBe(
      "With panels of 16 weights pruned together, and 30 % of the parameters held: accuracy 0.971 (-0.004) in 32 % of the teacher's " +
        'bytes. Kernels step over such zeros where that is faster: with 64 samples it is 2.8 times as fast as the teacher.',
    );
    expect(said(0.6)).toMatch(/with 64 samples it is as fast as the teacher\.$/);
    expect(said(0.9)).toMatch(/it is slower than the teacher: 1\.5 times its time\.$/);
  });

  test('of distillation', () => {
    const said = (distilled: number, labels: number): string =>
      distillationConclusion(one(distilled), one(labels), 'R²');
    expect(said(0.9, 0.8)).toMatch(/^Distillation helped: .* 0\.900, .* 0\.800 \(\+0\.100\)/);
    expect(said(0.8, 0.9)).toMatch(/^Distillation did not help: .* \(-0\.100\)/);
    expect(said(0.9003, 0.9)).toMatch(/^Distillation made no difference: .* 0\.900, .* 0\.900 \(\+0\.000\)/);
  });
});
