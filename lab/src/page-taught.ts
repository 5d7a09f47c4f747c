import { answerBars, numberDots, taughtLines } from './charts-taught.ts';
import { numberText } from './findings-damage.ts';
import { gainText, probability, runsText, TAUGHT, verdictOf } from './findings-taught.ts';
import { percent, range, severalSeeds, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { picture } from './page-mistakes.ts';
import { type Column, capital, details, figure, keys, MARKS, paragraphs, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { AnswererName, Sample, SoftTargets, Taught, TaughtFigure } from './types-taught.ts';

/** What the teacher taught: its answer to one sample, and what became of the students; nothing where nobody asked. */
export function taughtSection(report: JobReport): Markup {
  const { taught } = report;
  if (taught === null) return html``;
  return html`<section aria-labelledby="taught"><h2 id="taught">What the teacher taught</h2>
${taught.soft.kind === 'classes' ? softTargets(report, taught.soft) : oneNumber(report, taught.soft)}
${changes(taught)}
</section>`;
}

const seedOf = (report: JobReport): string => (severalSeeds(report) ? ` of seed ${report.options.seeds[0]!}` : '');

function softTargets(report: JobReport, soft: Extract<SoftTargets, { kind: 'classes' }>): Markup {
  const nameOf = (index: number): string => report.data.classes?.[index] ?? String(index);
  const names = soft.classes.map(nameOf);
  const marks = keys(
    [MARKS.grayBar, 'teacher'],
    [MARKS.hollowBar, 'student on labels alone'],
    [MARKS.bar, 'student distilled'],
  );
  const charts = soft.temperatures.map((temperature, t) => {
    const own = soft.answers.filter((answer) => answer.temperature === temperature);
    const use = ['as the networks answer', 'as the student learned', 'softer still'][t]!;
    return html`<div><p class="note">Temperature ${temperature}: ${use}</p>${svg(answerBars(own, names, soft.others))}</div>`;
  });
  const content = html`<div class="sample">${shownSample(soft.sample, `the sample in line ${soft.sample.line}, ${nameOf(soft.truth)}`)}<div class="text">${paragraphs([soft.finding])}</div></div>
${marks}<div class="grid">${charts}</div>
${details('All figures of this sample', answerTable(soft, names))}`;
  return figure(
    'The soft targets of one sample',
    `Line ${soft.sample.line} of the file, a test sample${seedOf(report)} whose label is ${nameOf(soft.truth)}. Of the samples that the teacher gets right and is fairly sure of, if there are any, this is the one whose second class stands out most. Logits are divided by the temperature before softmax, which makes small probabilities large enough to learn from.`,
    content,
  );
}

/** What stands at the head of a column. */
const SHORT: { readonly [A in AnswererName]: string } = {
  teacher: 'teacher',
  'student (labels only)': 'alone',
  'student (distilled)': 'distilled',
};

function answerTable(soft: Extract<SoftTargets, { kind: 'classes' }>, names: readonly string[]): Markup {
  const rows = [...names, ...(soft.others === 0 ? [] : [`${soft.others} others`])].map((name, row) => ({ name, row }));
  const columns = soft.answers.map(
    ({ by, temperature, probabilities, others }): Column<(typeof rows)[number]> => ({
      title: `${SHORT[by]}, T = ${temperature}`,
      number: true,
      cell: ({ row }) => probability(probabilities[row] ?? others),
    }),
  );
  return table('Probabilities of the classes, by temperature T', rows, [
    { title: 'class', cell: ({ name }) => name },
    ...columns,
  ]);
}

/** A sample as an image, or its first cells. */
function shownSample({ image, cells, more }: Sample, label: string): Markup {
  if (image !== null) return picture(image, image.side, label);
  const rest = more === 0 ? '' : html`<dt>and</dt><dd>${more} more</dd>`;
  return html`<dl>${cells.map(({ name, text }) => html`<dt>${name}</dt><dd>${text}</dd>`)}${rest}</dl>`;
}

/** A regression has no soft targets, but one number between two. */
function oneNumber(report: JobReport, soft: Extract<SoftTargets, { kind: 'numbers' }>): Markup {
  const places = [
    { name: 'the table', value: soft.truth },
    { name: 'teacher', value: soft.teacher },
    { name: 'trained towards', value: soft.target },
    { name: 'student (labels only)', value: soft.alone },
    { name: 'student (distilled)', value: soft.distilled },
  ];
  const rows = table(`${report.data.target} in line ${soft.sample.line}`, places, [
    { title: 'by', cell: ({ name }) => name },
    { title: report.data.target, number: true, cell: ({ value }) => numberText(value) },
  ]);
  return figure(
    'What the student is told of one sample',
    `Line ${soft.sample.line} of the file, the test sample${seedOf(report)} of which the teacher says most otherwise than the table.`,
    html`<div class="pair"><div>${svg(numberDots(places, numberText, report.data.target))}</div><div><div class="text">${paragraphs([soft.finding])}</div>${rows}</div></div>`,
  );
}

function changes(taught: Taught): Markup {
  const { figures, runs, temperature, alpha, epochs, bins, findings } = taught;
  const isOfClasses = taught.soft.kind === 'classes';
  const columns: Column<TaughtFigure>[] = [
    { title: 'figure', cell: ({ name }) => TAUGHT[name].title },
    {
      title: 'teacher',
      number: true,
      cell: ({ name, teacher }) => (teacher === null ? '–' : range(teacher, TAUGHT[name].format)),
    },
    { title: 'labels alone', number: true, cell: ({ name, alone }) => range(alone, TAUGHT[name].format) },
    { title: 'distilled', number: true, cell: ({ name, distilled }) => range(distilled, TAUGHT[name].format) },
    { title: 'difference', number: true, cell: ({ gain, name }) => TAUGHT[name].difference(gain.gain) },
    { title: '95 % interval', cell: (each) => gainText(each).replace(/^[^,]*, from /, '') },
    { title: 'distilled is', cell: ({ name, gain }) => verdictOf(name, gain) },
  ];
  const marks = keys(
    [MARKS.seeds, 'a pair of students'],
    [MARKS.trainLine, 'their mean'],
    ...(figures.some(({ teacher }) => teacher !== null) ? [[MARKS.testLine, 'the teacher'] as const] : []),
  );
  const charts = figures.map((each) => {
    const { title, isMoreBetter } = TAUGHT[each.name];
    return html`<div><p class="note">${title}: ${isMoreBetter ? 'higher' : 'lower'} is better</p>${svg(taughtLines(each, runs))}</div>`;
  });
  const content = html`${marks}<div class="grid">${charts}</div>
<div class="text apart">${paragraphs(findings)}</div>
${table(`Mean (lowest..highest) of ${runsText(taught)}`, figures, columns)}`;
  const judged = isOfClasses
    ? ` The calibration error is how far off the probabilities are on average, over ${bins} bins.`
    : '';
  return figure(
    'What distillation changed',
    `${capital(runsText(taught))}. Those of a pair have the same size, first weights, order of the samples and ${whole(epochs)} epochs: one learns from the labels alone, the other to ${percent(alpha)} from the teacher’s answers${isOfClasses ? ` at temperature ${temperature}` : ''} and to ${percent(1 - alpha)} from the labels. Figures are of the test samples; intervals are of 95 %, over other test samples and other students at once.${judged}`,
    content,
  );
}
