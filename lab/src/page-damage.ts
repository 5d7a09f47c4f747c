import { changeBars } from './charts-damage.ts';
import { chanceText, lostText, numberText, points, worstText } from './findings-damage.ts';
import { decimals, percent, range, severalSeeds, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { details, figure, list, svg, table } from './parts.ts';
import type { JobReport } from './types.ts';
import type { ClassFormDamage, Damage, NumberFormDamage } from './types-answers.ts';

/** What compression did to the answers, beyond the mean score. */
export function damageSection(report: JobReport): Markup {
  const { damage } = report;
  const first = `${severalSeeds(report) ? `; intervals are of seed ${report.options.seeds[0]!}` : ''}`;
  return html`<section aria-labelledby="damage"><h2 id="damage">What compression changed</h2>
<p>A score that stays can hide other answers: right ones become wrong, as many wrong ones right, and a class may pay for all others. Each form is held against the teacher on the same test samples${first}.</p>
${damage.kind === 'classes' ? classDamage(report, damage) : numberTable(damage.forms)}
</section>`;
}

function classDamage(report: JobReport, damage: Extract<Damage, { kind: 'classes' }>): Markup {
  if (damage.forms.length === 0) return html``;
  const several = severalSeeds(report);
  const chart = figure(
    'Answers that turned',
    `Test samples that a form gets wrong and the teacher right, to the left; to the right those of the other way round${several ? `, the mean of ${report.options.seeds.length} seeds` : ''}.`,
    svg(changeBars(damage.forms)),
  );
  const { calibration, onEdge } = damage.teacher;
  const words = html`<div class="text apart">
<p>Points are hundredths, with the interval that holds with 95 %. p is McNemar’s exact test: how likely chance alone makes the change as uneven.</p>
<p>The calibration error is how far off the probabilities are on average, over ${damage.bins} bins: ${range(calibration, decimals)} for the teacher. On the edge are answers less than ${damage.edge} ahead of the next in probability: ${range(onEdge, percent)} of the teacher’s.</p>
</div>`;
  return html`<div class="pair">${chart}${words}</div>
${classTable(report, damage.forms)}
${details('Lines of the file that a form gets wrong and the teacher right', list(damage.forms.map(linesOf)))}`;
}

function classTable(report: JobReport, forms: readonly ClassFormDamage[]): Markup {
  return table('Against the teacher, on the test samples', forms, [
    { title: 'form', cell: (d) => d.form },
    { title: 'changed', number: true, cell: (d) => range(d.changed, percent) },
    { title: 'now wrong', number: true, cell: (d) => range(d.rightToWrong, whole) },
    { title: 'now right', number: true, cell: (d) => range(d.wrongToRight, whole) },
    { title: 'wrong otherwise', number: true, cell: (d) => range(d.wrongToOther, whole) },
    { title: 'points lost', number: true, cell: (d) => lostText(d.lost) },
    { title: 'p', number: true, cell: chanceText },
    { title: 'class that lost most', cell: (d) => worstText(d, report) },
    { title: 'calibration', number: true, cell: (d) => range(d.calibration, decimals) },
    { title: 'on the edge', number: true, cell: (d) => range(d.onEdge, percent) },
  ]);
}

const linesOf = ({ form, lines, rightToWrong }: ClassFormDamage): Markup => {
  const rest = rightToWrong.values[0]! - lines.length;
  const text = lines.length === 0 ? 'none' : `${lines.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  return html`<b>${form}</b>: ${text}`;
};

function numberTable(forms: readonly NumberFormDamage[]): Markup {
  return table('Against the teacher, on the test samples; changes are in the unit of the table', forms, [
    { title: 'form', cell: (d) => d.form },
    { title: 'R² lost', number: true, cell: (d) => range(d.r2, decimals) },
    { title: '95 % interval', cell: (d) => `${points(d.lost.low)} to ${points(d.lost.high)} hundredths` },
    { title: 'typical change', number: true, cell: (d) => range(d.typical, numberText) },
    { title: 'largest change', number: true, cell: (d) => range(d.largest, numberText) },
    { title: 'in line', number: true, cell: (d) => String(d.line) },
  ]);
}
