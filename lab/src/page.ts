import { FORMS } from './explain.ts';
import { decimals, faster, machineLine, seedsLine, smaller, time, whole } from './format.ts';
import { html, type Markup, pageOf } from './html.ts';
import { modelPath } from './models.ts';
import { criteriaSection } from './page-criteria.ts';
import { damageSection } from './page-damage.ts';
import { fitSection } from './page-fits.ts';
import { formSection } from './page-forms.ts';
import { ledgerSection } from './page-ledger.ts';
import { lightSection } from './page-light.ts';
import { mistakeSection } from './page-mistakes.ts';
import { smallestSection } from './page-smallest.ts';
import { taughtSection } from './page-taught.ts';
import { aboutData, notes, predicted, ratioTile, TIPS, tile } from './page-top.ts';
import { details, paragraphs, table } from './parts.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import type { JobReport } from './types.ts';

/** The page of a job. */
export function renderPage(report: JobReport): string {
  const { data, mistakes, options, seconds } = report;
  const file = modelPath(report.recommendation.form);
  const body = html`<main>
<header>
<p class="note">Trained, diagnosed, compressed by whittle-ml</p>
<h1>${data.name}</h1>
<p class="lead">${predicted(report)}; ${seedsLine(report)}.</p>
${tiles(report)}
<div class="text">
<p><b>Recommended: ${report.recommendation.form}.</b> ${report.recommendation.rule} ${FORMS[report.recommendation.form].what}</p>
<p>It is in <code>${file}</code> beside this page, and <code>npx whittle-cli predict ${file} new.csv</code> predicts with it.</p>
${paragraphs(report.findings.short)}
${report.findings.caveats.length === 0 ? '' : html`<p class="note">Keep in mind: ${report.findings.caveats.join(' ')}</p>`}
</div>
${notes(report)}
${aboutData(report)}
<nav aria-label="Sections"><a href="#fits">Under- and overfitting</a><a href="#mistakes">${mistakes === null ? 'Predicted against true' : 'Mistakes'}</a><a href="#forms">Compression</a><a href="#damage">What it changed</a>${report.taught === null ? '' : html`<a href="#taught">What was taught</a>`}<a href="#ledger">Layer by layer</a>${report.smallest === null ? '' : html`<a href="#smallest">Where the bytes are</a>`}${report.light === null ? '' : html`<a href="#light">Light networks</a>`}${report.criteria === null ? '' : html`<a href="#criteria">Pruning criteria</a>`}<a href="#again">Run it again</a></nav>
</header>
${fitSection(report)}
${mistakeSection(report)}
${formSection(report)}
${damageSection(report)}
${taughtSection(report)}
${ledgerSection(report)}
${smallestSection(report)}
${lightSection(report)}
${criteriaSection(report)}
<section aria-labelledby="again"><h2 id="again">Run it again</h2>
<p>The same seed gives the same weights, bit for bit, on every machine: compare the digests with yours. Times are those of this machine.</p>
${details('Digests of the weights', digestTable(report))}
</section>
<footer>${machineLine(report)}; --epochs ${options.epochs}, ${seedsLine(report)}; ${seconds.training.toFixed(1)} s training, ${seconds.total.toFixed(1)} s in all.</footer>
</main>
${TIPS}`;
  return pageOf(`whittle-ml: ${data.name}`, STYLE, body, SCRIPT);
}

/** The numbers that count. */
function tiles(report: JobReport): Markup {
  const { forms, recommendation: r, scoreName } = report;
  const [teacher, form] = ['teacher', r.form].map((name) => forms.find((each) => each.name === name));
  if (teacher === undefined || form === undefined) return html``;
  const one = faster(r.faster1);
  return html`<ul class="tiles">${[
    ratioTile(
      smaller(r.smaller),
      `${whole(form.bytes.mean)} instead of ${whole(teacher.bytes.mean)} bytes, encoder not counted`,
    ),
    ratioTile(
      faster(r.faster64),
      `${time(form.latency64.mean)} instead of ${time(teacher.latency64.mean)} for 64 samples; ${one.number}× ${one.words} for one`,
    ),
    tile(decimals(r.now), `${scoreName} now`, `on test samples, by ${r.form}`),
    tile(decimals(r.before), `${scoreName} before`, `by the teacher of ${whole(teacher.parameters.mean)} parameters`),
  ]}</ul>`;
}

function digestTable({ digests }: JobReport): Markup {
  return table('SHA-256 of the weights', digests, [
    { title: 'model', cell: (d) => d.model },
    { title: 'seed', cell: (d) => String(d.seed) },
    { title: 'digest', cell: (d) => html`<code>${d.sha256}</code>` },
  ]);
}
