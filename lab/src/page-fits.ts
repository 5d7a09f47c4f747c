import { scoreDomain, scoreDots } from './charts.ts';
import { curveScales, curves } from './curves.ts';
import { FITS } from './explain.ts';
import { decimals, range, seedsLine, severalSeeds, signed, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { capital, details, figure, keys, list, MARKS, paragraphs, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { FitResult } from './types-forms.ts';

/** Under- and overfitting: how the fits compare, and a card for each. */
export function fitSection(report: JobReport): Markup {
  return html`<section aria-labelledby="fits"><h2 id="fits">Under- and overfitting</h2>
<p>A network underfits when it is poor on the samples it learned from, and overfits when it is clearly better on them than on samples it has not seen. Each remedy is tried alone, on the network that overfits.${report.options.model === 'mlp' ? '' : ' These networks are perceptrons on the pixels, whatever the teacher is.'}</p>
<div class="pair">${scoreFigure(report)}<div class="text">${paragraphs(report.findings.fits)}</div></div>
${fitCards(report)}
${details('All figures of the fits', fitTable(report))}
${details('Why these verdicts', fitReasons(report))}
</section>`;
}

function scoreFigure(report: JobReport): Markup {
  if (report.fits.length === 0) return html``;
  const [low, high] = scoreDomain(report.fits).map(decimals);
  return figure(
    `${capital(report.scoreName)} on training and test samples`,
    `A remedy works when the test dot moves right, not when the line gets shorter. The axis runs from ${low} to ${high} to show the differences.`,
    html`${keys(
      [MARKS.trainDot, 'training'],
      [MARKS.testDot, 'test'],
      [MARKS.gap, 'gap'],
      ...(severalSeeds(report) ? [[MARKS.seeds, 'lowest to highest seed'] as const] : []),
    )}${svg(scoreDots(report))}`,
  );
}

function fitCards({ fits, scoreName, options }: JobReport): Markup {
  if (fits.length === 0) return html``;
  const scales = curveScales(fits);
  const { scoreKey } = scales;
  const overfit = fits.find(({ name }) => name === 'overfit');
  const card = (
    fit: FitResult,
  ): Markup => html`<article class="card"><h4>${fit.name} <span class="verdict">${fit.diagnosis.verdict}</span></h4>
<p>${FITS[fit.name].what} <cite>${FITS[fit.name].source}</cite></p>
<p class="result"><b>${decimals(fit.test.mean)}</b> on test samples${fit.kind === 'remedy' && overfit !== undefined ? ` (${signed(fit.test.mean - overfit.test.mean)})` : ''}, gap ${decimals(fit.gap.mean)}</p>
${svg(curves(fit, 'loss', 'loss', scales))}${scoreKey === undefined ? '' : svg(curves(fit, scoreKey, scoreName, scales))}</article>`;
  return html`<h3 class="apart">What each fit is, and its learning curves</h3>
<p class="note">Where the dashed line leaves the solid one, overfitting begins (seed ${options.seeds[0]!}). Epochs run to the right; losses are on a logarithmic axis, and the axis of ${scoreName} shows where the curves end, not where they begin. All cards have the same axes.</p>
${keys([MARKS.trainLine, 'training'], [MARKS.testLine, 'validation'], [MARKS.lowest, 'lowest validation loss'])}<div class="grid">${fits.map(card)}</div>`;
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

const fitReasons = ({ fits }: JobReport): Markup =>
  list(fits.map((f) => html`<b>${f.name}</b>: ${f.diagnosis.verdict}. ${f.diagnosis.reasons.join('; ')}.`));
