import { expect, test } from 'vitest';
import { headline } from '../../lab/src/format.ts';
import { recommend } from '../../lab/src/recommend.ts';
import type { JobReport } from '../../lab/src/types.ts';
import type { FormName, FormResult } from '../../lab/src/types-forms.ts';
import { fixture } from './fixture.ts';

const one = (mean: number): FormResult['score'] => ({ mean, min: mean, max: mean, values: [mean] });

/** A report whose forms have these scores and bytes; the teacher 0.95 in 100 kB. */
function withForms(forms: Partial<Record<FormName, readonly [score: number, bytes: number]>>, test = 1000): JobReport {
  const base = fixture();
  const of = (form: FormResult): FormResult => {
    const [score, bytes] = forms[form.name] ?? (form.name === 'teacher' ? [0.95, 100_000] : [0.5, 90_000]);
    return { ...form, score: one(score), bytes: one(bytes) };
  };
  return { ...base, forms: base.forms.map(of), data: { ...base.data, split: { ...base.data.split, test } } };
}

test('takes the smallest file among the forms that are as good as the teacher', () => {
  const report = withForms({ pruned: [0.96, 30_000], int8: [0.941, 25_000], combined: [0.939, 5000] });
  expect(recommend(report)).toMatchObject({
    form: 'int8',
    rule: "It has the smallest file of the forms whose accuracy is at most 0.010 below the teacher's.",
    smaller: 4,
    now: 0.941,
    before: 0.95,
  });
});

test('a loss of exactly the limit counts as none, however the difference of the means is rounded', () => {
  expect(recommend(withForms({ int8: [0.95 - 0.01, 25_000], pruned: [0.95, 30_000] })).form).toBe('int8');
  expect(recommend(withForms({ int8: [0.9399, 25_000], pruned: [0.95, 30_000] })).form).toBe('pruned');
});

test('one test sample more or less makes no difference where there are few', () => {
  const { form, rule } = recommend(withForms({ combined: [0.95 - 1 / 24, 5000] }, 24));
  expect(form).toBe('combined');
  expect(rule).toContain('at most 0.042, one test sample, below');
});

test('of equally small ones it takes the better', () => {
  expect(recommend(withForms({ pruned: [0.945, 5000], combined: [0.948, 5000] })).form).toBe('combined');
});

test('says so when no form is as good as the teacher, and takes the one that loses least', () => {
  const { form, rule } = recommend(withForms({ pruned: [0.9, 30_000], combined: [0.8, 5000] }));
  expect(form).toBe('pruned');
  expect(rule).toBe("No form stays within 0.010 of the teacher's accuracy; this one loses least.");
});

test('never takes the student that is there for comparison', () => {
  expect(recommend(withForms({ 'student (labels only)': [0.99, 1000], pruned: [0.95, 30_000] })).form).toBe('pruned');
});

test('the headline has the same numbers in a line, and words for what makes no difference', () => {
  const base = fixture();
  expect(headline(base)).toBe(
    'int8, against the teacher: 3.9 times smaller, 2.0 times faster, accuracy 0.972 instead of 0.975',
  );
  const slow: JobReport = { ...base, recommendation: { ...base.recommendation, smaller: 0.8, faster64: 0.99 } };
  expect(headline(slow)).toContain('1.3 times larger, as fast, ');
});
