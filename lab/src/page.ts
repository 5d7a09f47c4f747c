import { curveScales, curves, gapBars, latencyBars, scoreBars, tradeOff, weights } from './charts.ts';
import {
  dataFacts,
  decimals,
  machineLine,
  percent,
  range,
  seedsLine,
  severalSeeds,
  shareOfTeacher,
  time,
  whole,
} from './format.ts';
import { html, Markup, pageOf } from './html.ts';
import { STYLE } from './style.ts';
import type { JobReport } from './types.ts';

/** The page of a job. */
export function renderPage(report: JobReport): string {
  const { data, scoreName, fits, forms } = report;
  const body = html`<main>
<h1>${data.name}: trained, diagnosed, compressed</h1>
<p class="lead">${whole(data.rows)} rows, ${whole(data.features)} features, ${data.task}; ${fits.length} fits and ${forms.length} forms of the network; ${seedsLine(report)}.</p>
<ul class="findings">${report.findings.map((finding) => html`<li>${finding}</li>`)}</ul>
<dl>${dataFacts(report).map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>

<h2>Under- and overfitting</h2>
<p>A network underfits when it is poor on the samples it learned from, and overfits when it is clearly better on them than on samples it has not seen.</p>
${scoreFigures(report)}
${curveFigure(report)}
${fitTable(report)}
${fitReasons(report)}

<h2>Compression</h2>
<p>Every form is a network of its own, saved to a file and timed; ${scoreName} is that of the test samples.</p>
${compressionFigures(report)}
${weightFigure(report)}
${formTable(report)}
${formNotes(report)}

<h2>Distillation</h2>
<p>${report.distillation.conclusion}</p>
${distillationTable(report)}

<h2>Run it again</h2>
<p>The same seed gives the same weights, bit for bit, on every machine: compare these digests with yours. Latencies are those of this machine.</p>
${digestTable(report)}
<footer>${machineLine(report)}; ${report.options.epochs} epochs (--epochs), ${seedsLine(report)}; ${report.seconds.training.toFixed(1)} s training, ${report.seconds.total.toFixed(1)} s in all.</footer>
</main>`;
  return pageOf(`whittle-ml: ${data.name}`, STYLE, body);
}

const svg = (text: string): Markup => new Markup(text);

function figure(title: string, caption: string, content: Markup): Markup {
  return html`<figure><figcaption><h3>${title}</h3>${caption}</figcaption>${content}</figure>`;
}

const TRAIN_LINE = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M0 6H28" stroke="var(--train)" stroke-width="2"/></svg>`;
const TEST_LINE = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M0 6H28" stroke="var(--test)" stroke-width="2" stroke-dasharray="5 3"/></svg>`;
const LOWEST = html`<svg viewBox="0 0 28 12" aria-hidden="true"><circle cx="14" cy="6" r="4" stroke="var(--test)" stroke-width="1.5" fill="var(--paper)"/></svg>`;
const TRAIN_BAR = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M0 1H28V11H0z" fill="var(--train)"/></svg>`;
const TEST_BAR = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M1 1.5H27V10.5H1z" fill="var(--hollow)" stroke="var(--test)"/></svg>`;
const OUTLINE = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M0 11H8V4H20V8H28" fill="none" stroke="currentColor"/></svg>`;
const WHISKER = html`<svg viewBox="0 0 28 12" aria-hidden="true"><path d="M2 6H26M2 2V10M26 2V10" stroke="currentColor"/></svg>`;

const keys = (...entries: readonly (readonly [Markup, string])[]): Markup =>
  html`<ul class="keys">${entries.map(([mark, text]) => html`<li>${mark}${text}</li>`)}</ul>`;

const whisker = (report: JobReport): (readonly [Markup, string])[] =>
  severalSeeds(report) ? [[WHISKER, 'lowest to highest seed']] : [];

function scoreFigures(report: JobReport): Markup {
  if (report.fits.length === 0) return html``;
  return html`<div class="pair">${figure(
    `${capital(report.scoreName)} on training and test samples`,
    'A remedy works when the test bar grows, not when the training bar does.',
    html`${keys([TRAIN_BAR, 'training'], [TEST_BAR, 'test'], ...whisker(report))}${svg(scoreBars(report))}`,
  )}${figure(
    'Gap: training minus test',
    'The longer the bar, the more the network learned its samples by heart.',
    html`${whisker(report).length > 0 ? keys(...whisker(report)) : ''}${svg(gapBars(report))}`,
  )}</div>`;
}

function curveFigure({ fits, scoreName, options }: JobReport): Markup {
  if (fits.length === 0) return html``;
  const scales = curveScales(fits);
  const { scoreKey } = scales;
  const panels = fits.map(
    (fit) =>
      html`<div class="panel"><p class="name">${fit.name} <span class="verdict">(${fit.diagnosis.verdict})</span></p>${svg(
        curves(fit, 'loss', 'loss', scales),
      )}${scoreKey === undefined ? '' : svg(curves(fit, scoreKey, scoreName, scales))}</div>`,
  );
  return figure(
    'Learning curves',
    `Where the dashed line turns away from the solid one, overfitting begins (seed ${options.seeds[0]}; all panels share their scales, epochs run to the right, the very highest losses are cut).`,
    html`${keys([TRAIN_LINE, 'training'], [TEST_LINE, 'validation'], [LOWEST, 'lowest validation loss'])}<div class="grid">${panels}</div>`,
  );
}

function compressionFigures(report: JobReport): Markup {
  const { forms, scoreName } = report;
  if (forms.length === 0) return html``;
  const seeds = whisker(report);
  return html`<div class="pair">${figure(
    `${capital(scoreName)} against bytes`,
    `Up and to the left is better; bytes are on a logarithmic scale and the vertical axis does not begin at 0${seeds.length > 0 ? '; lines reach from the lowest to the highest seed' : ''}.`,
    svg(tradeOff(report)),
  )}${figure(
    'Latency of one call',
    `Median time on ${machineLine(report)}: shorter is faster.`,
    html`${seeds.length > 0 ? keys(...seeds) : ''}<p class="note">1 sample</p>${svg(latencyBars(forms, 1))}<p class="note">64 samples</p>${svg(latencyBars(forms, 64))}`,
  )}</div>`;
}

function weightFigure({ histograms, options }: JobReport): Markup {
  const [before] = histograms;
  if (before === undefined) return html``;
  const panels = histograms.map(
    (h) => html`<div class="panel"><p class="name">${h.name}</p>${svg(weights(h, before, histograms))}</div>`,
  );
  return figure(
    'Weights before and after',
    `Pruning moves weights to 0 and int8 leaves few distinct values (seed ${options.seeds[0]}; heights on a root scale, so that a spike at 0 does not hide the rest).`,
    html`${keys([TRAIN_BAR, 'this form'], [OUTLINE, before.name])}<div class="grid">${panels}</div>`,
  );
}

interface Column<T> {
  readonly title: string;
  readonly number?: boolean;
  readonly cell: (row: T) => string | Markup;
}

function table<T>(caption: string, rows: readonly T[], columns: readonly Column<T>[]): Markup {
  const kind = (c: Column<T>): Markup => (c.number ? html` class="number"` : html``);
  const body = rows.map(
    (row) =>
      html`<tr>${columns.map((c, i) =>
        i === 0 ? html`<th scope="row"${kind(c)}>${c.cell(row)}</th>` : html`<td${kind(c)}>${c.cell(row)}</td>`,
      )}</tr>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${columns.map(
    (c) => html`<th scope="col"${kind(c)}>${c.title}</th>`,
  )}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function fitTable(report: JobReport): Markup {
  return table(`The fits: ${report.scoreName}, ${seedsLine(report)}`, report.fits, [
    { title: 'fit', cell: (f) => f.name },
    { title: 'parameters', number: true, cell: (f) => whole(f.parameters) },
    { title: 'samples', number: true, cell: (f) => whole(f.samples) },
    { title: 'train', number: true, cell: (f) => range(f.train, decimals) },
    { title: 'test', number: true, cell: (f) => range(f.test, decimals) },
    { title: 'gap', number: true, cell: (f) => range(f.gap, decimals) },
    { title: 'verdict', cell: (f) => f.diagnosis.verdict },
    { title: 'network and data', cell: (f) => f.description },
  ]);
}

function fitReasons({ fits }: JobReport): Markup {
  return html`<details><summary>Why these verdicts</summary><ul>${fits.map(
    (f) => html`<li><b>${f.name}</b>: ${f.diagnosis.verdict}. ${f.diagnosis.reasons.join('; ')}.</li>`,
  )}</ul></details>`;
}

function formTable(report: JobReport): Markup {
  return table(`The forms: ${seedsLine(report)}`, report.forms, [
    { title: 'form', cell: (f) => f.name },
    { title: report.scoreName, number: true, cell: (f) => range(f.score, decimals) },
    { title: 'bytes', number: true, cell: (f) => range(f.bytes, whole) },
    { title: 'of teacher', number: true, cell: (f) => percent(shareOfTeacher(report, f)) },
    { title: 'parameters', number: true, cell: (f) => range(f.parameters, whole) },
    { title: 'not zero', number: true, cell: (f) => range(f.nonZeroParameters, whole) },
    { title: 'multiply-adds', number: true, cell: (f) => range(f.macs, whole) },
    { title: '1 sample', number: true, cell: (f) => range(f.latency1, time) },
    { title: '64 samples', number: true, cell: (f) => range(f.latency64, time) },
  ]);
}

function formNotes({ forms }: JobReport): Markup {
  return html`<details open><summary>What each form changes, and what it does not</summary><ul>${forms.map(
    (f) => html`<li><b>${f.name}</b>: ${[f.description, ...f.notes].map(sentence).join(' ')}</li>`,
  )}</ul></details>`;
}

function distillationTable({ distillation: d, scoreName }: JobReport): Markup {
  const rows = [
    { student: 'from labels only', figure: d.labelsOnly },
    { student: 'distilled from the teacher', figure: d.distilled },
    ...(d.agreement === null ? [] : [{ student: 'distilled: agrees with the teacher on', figure: d.agreement }]),
  ];
  return table('The student', rows, [
    { title: 'student', cell: (row) => row.student },
    { title: scoreName, number: true, cell: (row) => range(row.figure, decimals) },
  ]);
}

function digestTable({ digests }: JobReport): Markup {
  return table('SHA-256 of the weights', digests, [
    { title: 'seed', cell: (d) => String(d.seed) },
    { title: 'model', cell: (d) => d.model },
    { title: 'digest', cell: (d) => html`<code>${d.sha256}</code>` },
  ]);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
