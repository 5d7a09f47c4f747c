import { scatter } from './charts.ts';
import { decimals, whole } from './format.ts';
import { html, Markup } from './html.ts';
import { details, figure, headsOf, list, MANY, matrix, svg } from './parts.ts';
import { shares } from './pictures.ts';
import type { JobReport } from './types.ts';
import type { Mistakes, Pictures } from './types-answers.ts';

/** What the teacher gets wrong: images and the classes that it confuses, or predictions against true numbers. */
export function mistakeSection(report: JobReport): Markup {
  const { mistakes, predictions } = report;
  const content =
    mistakes !== null ? classMistakes(report, mistakes) : predictions !== null ? predictionFigures(report) : html``;
  return html`<section aria-labelledby="mistakes"><h2 id="mistakes">${mistakes === null ? 'Predicted against true' : 'What the teacher gets wrong'}</h2>
${content}
</section>`;
}

function classMistakes(report: JobReport, mistakes: Mistakes): Markup {
  const { pictures } = mistakes;
  const confusion = confusionFigure(report, mistakes);
  if (pictures === null || pictures.wrong.length === 0) return confusion;
  return html`<div class="pair">${pictureFigure(report, pictures)}${confusion}</div>`;
}

const classOf = ({ data }: JobReport, index: number): string => data.classes?.[index] ?? String(index);

function pictureFigure(report: JobReport, pictures: Pictures): Markup {
  const { count, wrong } = pictures;
  const which =
    count > wrong.length ? `${wrong.length} of ${whole(count)}, those of which it is surest` : `all ${count}`;
  const cards = wrong.map((each) => {
    const truth = classOf(report, each.truth);
    const said = classOf(report, each.said);
    const text = `line ${each.line}: the teacher says ${said}, sure to ${decimals(each.probability)}; right is ${truth}`;
    return html`<li data-tip="${text}">${picture(each, pictures.side, text)}<span>said <b>${said}</b>, is <b>${truth}</b></span></li>`;
  });
  return figure(
    'The images that it gets wrong',
    `The test samples of seed ${report.options.seeds[0]!}: ${which}. Rows whose columns are named as pixels, a square number of them, are shown as images.`,
    html`<ul class="pictures" tabindex="0" data-spots aria-label="Images that the teacher gets wrong">${cards}</ul>`,
  );
}

/** Ink on paper: a path for each of 15 shades, with equal neighbours in a row as one rectangle. */
export function picture(image: Pick<Pictures['wrong'][number], 'pixels'>, side: number, label: string): Markup {
  const shades = shares(image).map((share) => Math.round(share * 15));
  const paths = Array.from({ length: 15 }, (_, i) => i + 1).map((shade) => {
    let path = '';
    for (let y = 0; y < side; y++) {
      for (let x = 0, run = 1; x < side; x += run, run = 1) {
        if (shades[y * side + x] !== shade) continue;
        while (x + run < side && shades[y * side + x + run] === shade) run++;
        path += `M${x} ${y}h${run}v1h-${run}z`;
      }
    }
    return path === '' ? '' : `<path fill-opacity="${(shade / 15).toFixed(2)}" d="${path}"/>`;
  });
  return html`<svg viewBox="0 0 ${side} ${side}" role="img" aria-label="${label}">${new Markup(paths.join(''))}</svg>`;
}

function confusionFigure(report: JobReport, mistakes: Mistakes): Markup {
  const { confusion, confused, samples } = mistakes;
  const names = samples.map((_, i) => classOf(report, i));
  const total = whole(samples.reduce((sum, n) => sum + n, 0));
  const pairs = confused.map(
    ({ truth, said, count }) =>
      html`<b>${names[truth]!}</b> taken for <b>${names[said]!}</b>: ${count} of ${whole(samples[truth]!)}`,
  );
  const words = html`<div class="words">${pairs.length === 0 ? html`<p>There is no mistake.</p>` : list(pairs)}</div>`;
  const parts = report.options.seeds.length > 1 ? `test parts of ${report.options.seeds.length} seeds` : 'test part';
  if (confusion === null) {
    const caption = `The ${total} samples of the ${parts}, the most frequent mistakes first.`;
    return figure('What it takes for what', caption, words);
  }
  const heads = headsOf(names);
  const rows = confusion.map((counts, truth) => ({
    name: heads[truth] === names[truth] ? names[truth]! : html`<b>${heads[truth]!}</b> ${names[truth]!}`,
    cells: counts.map((count, said) => ({
      text: String(count),
      tip:
        truth === said
          ? `${names[truth]}: ${count} of ${samples[truth]} right`
          : `${names[truth]} taken for ${names[said]}: ${count} of ${samples[truth]}`,
      colour: count === 0 ? ('none' as const) : truth === said ? ('train' as const) : ('test' as const),
      // Few mistakes are to be seen beside many right answers.
      strength: samples[truth] === 0 ? 0 : (count / samples[truth]!) ** (truth === said ? 1 : 0.5),
    })),
  }));
  const shown = matrix('Confusion matrix: what is right by what the teacher says', 'right ↓ said →', heads, rows);
  return figure(
    'What it takes for what',
    `The ${total} samples of the ${parts}.`,
    names.length > MANY ? html`<div class="pair">${shown}${words}</div>` : html`${shown}${details('In words', words)}`,
  );
}

function predictionFigures(report: JobReport): Markup {
  const { predictions, recommendation, options } = report;
  const shown = predictions!.forms.filter(({ form }) => form === 'teacher' || form === recommendation.form);
  const figures = shown.map((form) =>
    figure(
      form.form === 'teacher' ? 'The teacher' : `The recommended form: ${form.form}`,
      `Each dot is a test sample of seed ${options.seeds[0]!}, in the unit of the table; on the line, prediction and truth are equal.`,
      svg(scatter(predictions!, form, report.data.target)),
    ),
  );
  return html`<div class="pair">${figures}</div>`;
}
