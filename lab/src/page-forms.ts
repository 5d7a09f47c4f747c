import { latencyBars, tradeOff, weights } from './charts.ts';
import { FORMS } from './explain.ts';
import {
  decimals,
  faster,
  machineLine,
  percent,
  type Ratio,
  range,
  seedsLine,
  severalSeeds,
  shareOfTeacher,
  signed,
  smaller,
  time,
  whole,
} from './format.ts';
import { html, type Markup } from './html.ts';
import {
  type Cell,
  capital,
  details,
  figure,
  headsOf,
  keys,
  list,
  MARKS,
  matrix,
  sentence,
  svg,
  table,
} from './parts.ts';
import type { JobReport } from './types.ts';
import type { Mistakes } from './types-answers.ts';
import type { FormResult } from './types-forms.ts';

/** Compression: how the forms compare, which classes they made worse, and a card for each. */
export function formSection(report: JobReport): Markup {
  const { distillation: d } = report;
  const agrees =
    d.agreement === null
      ? ''
      : ` The distilled student gives the same answer as the teacher for ${percent(d.agreement.mean)} of the test samples.`;
  const helped =
    report.taught === null
      ? d.conclusion
      : html`Of each seed the two students here are one of the pairs by which <a href="#taught">what the teacher taught</a> is judged, ${whole(report.taught.runs.length)} in all: the means there are of all of them.`;
  return html`<section aria-labelledby="forms"><h2 id="forms">Compression</h2>
<p>Every form is a network of its own, saved to a file and timed; its bytes are those of the network, without the encoder that the files in models/ also carry; ${report.scoreName} is that of the test samples. ${helped}${agrees}</p>
${compressionFigures(report)}
${classFigure(report)}
${formCards(report)}
${details('All figures of the forms', formTable(report))}
</section>`;
}

function compressionFigures(report: JobReport): Markup {
  const { forms, scoreName } = report;
  if (forms.length === 0) return html``;
  const several = severalSeeds(report);
  return html`<div class="pair">${figure(
    `${capital(scoreName)} against bytes`,
    `Up and to the left is better. Bytes are on a logarithmic scale, and the vertical axis does not begin at 0, to show the differences${several ? '; lines reach from the lowest to the highest seed' : ''}.`,
    svg(tradeOff(report)),
  )}${figure(
    'Time of one call',
    `Median on ${machineLine(report)}: shorter is faster.`,
    html`${several ? keys([MARKS.whisker, 'lowest to highest seed']) : ''}<p class="note">1 sample</p>${svg(latencyBars(forms, 1))}<p class="note">64 samples</p>${svg(latencyBars(forms, 64))}`,
  )}</div>`;
}

interface Change {
  readonly name: string;
  readonly more: number;
  readonly samples: number;
}

/** By how many right answers a form differs from the teacher, class by class. */
function changesOf({ data }: JobReport, { samples, right }: Mistakes, form: string): Change[] {
  const counts = (name: string): readonly number[] => right.find((each) => each.form === name)?.counts ?? samples;
  const now = counts(form);
  const before = counts('teacher');
  return samples.map((n, i) => ({ name: data.classes?.[i] ?? String(i), more: now[i]! - before[i]!, samples: n }));
}

const steps = (more: number): string => (more === 0 ? '·' : more < 0 ? `−${-more}` : `+${more}`);

/** Which classes each form made worse: a matrix for few classes, and words. */
function classFigure(report: JobReport): Markup {
  const { mistakes } = report;
  if (mistakes === null) return html``;
  const { samples, right, confusion } = mistakes;
  const names = samples.map((_, i) => report.data.classes?.[i] ?? String(i));
  const forms = right.map(({ form }) => form).filter((form) => form !== 'teacher');
  const heads = headsOf(names);
  const words = html`<div class="words">${list(
    forms.map((form) => html`<b>${form}</b>: ${inWords(changesOf(report, mistakes, form))}`),
  )}</div>`;
  const caption = 'Right answers more or fewer than the teacher has, by class';
  const teacher = right.find(({ form }) => form === 'teacher')?.counts ?? [];
  const rows = [
    {
      name: 'teacher',
      cells: teacher.map((count, i): Cell => {
        return {
          text: String(count),
          tip: `teacher, ${names[i]}: ${count} of ${samples[i]} right`,
          colour: 'none',
          strength: 0,
        };
      }),
    },
    ...forms.map((form) => ({
      name: form,
      cells: changesOf(report, mistakes, form).map(({ name, more, samples: n }, i): Cell => {
        const tip = `${form}, ${name}: ${teacher[i]! + more} of ${n} right (${decimals((teacher[i]! + more) / n)}), the teacher ${teacher[i]} (${decimals(teacher[i]! / n)})`;
        return {
          text: steps(more),
          tip,
          colour: more < 0 ? 'test' : more > 0 ? 'train' : 'none',
          strength: (Math.abs(more) / n) * 5,
        };
      }),
    })),
  ];
  const key =
    heads.some((head, i) => head !== names[i]) && confusion !== null
      ? html`<p class="note">${heads.map((head, i) => `${head} ${names[i]}`).join(', ')}</p>`
      : '';
  const shown =
    confusion === null ? words : html`<div class="pair">${matrix(caption, 'form', heads, rows)}${words}</div>${key}`;
  return figure(
    'Which classes each form made worse',
    `${caption}${severalSeeds(report) ? `, over the test parts of all ${report.options.seeds.length} seeds` : ''}.`,
    shown,
  );
}

/** The classes that changed most. */
function inWords(changes: readonly Change[]): string {
  const of = (sign: 1 | -1): string => {
    const moved = changes.filter(({ more }) => more * sign > 0).sort((a, b) => (b.more - a.more) * sign);
    const named = moved.slice(0, 6).map(({ name, more, samples }) => `${name} (${steps(more)} of ${samples})`);
    return named.join(', ') + (moved.length > 6 ? ` and ${moved.length - 6} more` : '');
  };
  const worse = of(-1);
  const better = of(1);
  if (worse === '' && better === '') return 'every class as the teacher';
  return [
    worse === '' ? 'no class worse' : `worse on ${worse}`,
    ...(better === '' ? [] : [`better on ${better}`]),
  ].join('; ');
}

function formCards(report: JobReport): Markup {
  const { forms, histograms, recommendation, options } = report;
  const [before] = histograms;
  const card = (form: FormResult): Markup => {
    const histogram = histograms.find(({ name }) => name === form.name);
    const best = form.name === recommendation.form ? html` <span class="verdict">recommended</span>` : '';
    return html`<article class="card"><h4>${form.name}${best}</h4>
<p>${FORMS[form.name].what} <cite>${FORMS[form.name].source}</cite></p>
<p class="result">${result(report, form)}</p>
${before === undefined || histogram === undefined ? '' : svg(weights(histogram, before, histograms))}
${details('What it changes, and what it does not', list([form.description, ...form.notes].map(sentence)))}</article>`;
  };
  return html`<h3 class="apart">What each form is, and its weights</h3>
<p class="note">Pruning moves weights to 0 and int8 leaves few distinct values (seed ${options.seeds[0]!}; heights are on a root scale, so that a spike at 0 does not hide the rest).</p>
${keys([MARKS.bar, 'weights of this form'], [MARKS.outline, 'of the teacher'])}<div class="grid">${forms.map(card)}</div>`;
}

function result(report: JobReport, form: FormResult): Markup {
  const score = html`<b>${decimals(form.score.mean)}</b> ${report.scoreName}`;
  const teacher = report.forms.find(({ name }) => name === 'teacher');
  if (teacher === undefined || form === teacher) {
    return html`${score}, ${range(form.bytes, whole)} bytes, ${time(form.latency64.mean)} for 64 samples`;
  }
  const words = ({ number, words: text }: Ratio): string => (number === '1' ? text : `${number}× ${text}`);
  const gains = [smaller(teacher.bytes.mean / form.bytes.mean), faster(teacher.latency64.mean / form.latency64.mean)];
  return html`${score} (${signed(form.score.mean - teacher.score.mean)}), ${gains.map(words).join(', ')}`;
}

function formTable(report: JobReport): Markup {
  return table(`The forms: ${seedsLine(report)}`, report.forms, [
    { title: 'form', cell: (f) => f.name },
    { title: report.scoreName, number: true, cell: (f) => range(f.score, decimals) },
    { title: 'bytes', number: true, cell: (f) => range(f.bytes, whole) },
    { title: 'of teacher', number: true, cell: (f) => percent(shareOfTeacher(report, f)) },
    { title: 'parameters', number: true, cell: (f) => range(f.parameters, whole) },
    { title: 'not zero', number: true, cell: (f) => range(f.nonZeroParameters, whole) },
    { title: 'held', number: true, cell: (f) => range(f.heldParameters, whole) },
    { title: 'multiply-adds', number: true, cell: (f) => range(f.macs, whole) },
    { title: '1 sample', number: true, cell: (f) => range(f.latency1, time) },
    { title: '64 samples', number: true, cell: (f) => range(f.latency64, time) },
    { title: 'to load', number: true, cell: (f) => range(f.load, time) },
    { title: 'bytes to run', number: true, cell: (f) => range(f.memory, whole) },
  ]);
}
