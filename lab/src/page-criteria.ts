import { criteriaLines } from './charts-criteria.ts';
import { CRITERIA } from './explain.ts';
import { BASELINES } from './findings-criteria.ts';
import { decimals, percent, range, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { type Column, capital, details, figure, keys, MARKS, paragraphs, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { Criteria } from './types-compared.ts';

/** Ways to choose what is pruned beside each other; nothing where nobody asked. */
export function criteriaSection({ criteria, scoreName }: JobReport): Markup {
  if (criteria === null) return html``;
  const { seeds, levels, parameters, left, small } = criteria;
  const sizes = levels.map(
    (level, i) => `${percent(level)}: ${whole(left[i]!)} of ${whole(parameters)} (${whole(small[i]!)})`,
  );
  return html`<section aria-labelledby="criteria"><h2 id="criteria">Which weights to prune</h2>
<p>The same network, pruned by several criteria to the same shares of zeros and fine-tuned alike, beside two that any criterion has to beat: weights chosen at random, and a small dense network with no more parameters, trained from the start. ${capital(scoreName)} is that of the test samples, the mean of seeds ${seeds.join(', ')}.</p>
<div class="pair">${figure(
    `${capital(scoreName)} against zeros`,
    'Higher is better. The vertical axis is logarithmic in what is missing from 1, to show the differences between good ones; the grey line is the whole network, and upright lines reach from the lowest to the highest seed. A line that is pointed at, or come to with the arrow keys, comes forward.',
    html`${keys([MARKS.trainLine, 'criteria'], [MARKS.testLine, 'to be beaten'], [MARKS.gap, 'the whole network'])}${svg(criteriaLines(criteria, scoreName))}`,
  )}<div class="text">${paragraphs(criteria.findings)}</div></div>
${details('All figures of the criteria', html`${table(`${capital(scoreName)}, mean (min..max) of ${seeds.length} seeds`, criteria.rows, columns(criteria))}<p class="note">Parameters that are not zero, and those of the small network: ${sizes.join('; ')}.</p>`)}
${cards(criteria)}
</section>`;
}

const columns = ({ levels }: Criteria): Column<Criteria['rows'][number]>[] => [
  { title: 'criterion', cell: ({ name }) => name },
  ...levels.map((level, i) => ({
    title: `${percent(level)} zero`,
    number: true,
    cell: ({ scores }: Criteria['rows'][number]) => range(scores[i]!, decimals),
  })),
];

function cards({ rows }: Criteria): Markup {
  const card = ({ name }: Criteria['rows'][number]): Markup => {
    const { what, source } = CRITERIA[name];
    return html`<article class="card"><h4>${name}${BASELINES.includes(name) ? html` <span class="verdict">baseline</span>` : ''}</h4>
<p>${what}${source === '' ? '' : html` <cite>${source}</cite>`}</p></article>`;
  };
  return html`<h3 class="apart">What each criterion looks at</h3><div class="grid">${rows.map(card)}</div>`;
}
