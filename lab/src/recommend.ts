import { decimals } from './format.ts';
import type { JobReport } from './types.ts';
import type { FormName, FormResult, Recommendation } from './types-forms.ts';

/** So much less than the teacher's score is as good; less than one test sample cannot be told from chance. */
const TOLERANCE = 0.01;
/** It shows what the same network is without a teacher. */
const FOR_COMPARISON: FormName = 'student (labels only)';

/** Chooses the form to take: the smallest file that is as good as the teacher, else the one that loses least. */
export function recommend({ forms, scoreName, data }: Pick<JobReport, 'forms' | 'scoreName' | 'data'>): Recommendation {
  const teacher = forms.find(({ name }) => name === 'teacher')!;
  const others = forms.filter(({ name }) => name !== 'teacher' && name !== FOR_COMPARISON);
  const oneSample = data.task === 'classification' ? 1 / data.split.test : 0;
  const most = Math.max(TOLERANCE, oneSample);
  const loss = ({ score }: FormResult): number => teacher.score.mean - score.mean;
  const good = others.filter((form) => loss(form) <= most * (1 + 1e-9)); // a difference of two means is rounded
  const smallest = (a: FormResult, b: FormResult): number => a.bytes.mean - b.bytes.mean || loss(a) - loss(b);
  const best = (a: FormResult, b: FormResult): number => loss(a) - loss(b) || a.bytes.mean - b.bytes.mean;
  const [form] = good.length > 0 ? good.sort(smallest) : others.sort(best);
  const limit = most > TOLERANCE ? `${decimals(most)}, one test sample,` : decimals(most);
  return {
    form: form!.name,
    rule:
      good.length > 0
        ? `It has the smallest file of the forms whose ${scoreName} is at most ${limit} below the teacher's.`
        : `No form stays within ${limit} of the teacher's ${scoreName}; this one loses least.`,
    smaller: teacher.bytes.mean / form!.bytes.mean,
    faster1: teacher.latency1.mean / form!.latency1.mean,
    faster64: teacher.latency64.mean / form!.latency64.mean,
    now: form!.score.mean,
    before: teacher.score.mean,
  };
}
