import { belowIn, sizeScores } from './charts-compress.ts';
import {
  bestOf,
  bySize,
  effortText,
  limitsText,
  lostUnit,
  lostWords,
  meansBySize,
  ofSeeds,
  scoreText,
  settingText,
} from './findings-compress.ts';
import { decimals, faster, machineLine, range, smaller, time, times, whole } from './format.ts';
import { html, type Markup, pageOf } from './html.ts';
import { aboutData, notes, predicted, ratioTile, TIPS, tile } from './page-top.ts';
import { type Column, capital, details, figure, keys, list, MARKS, paragraphs, sentence, svg, table } from './parts.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import type { CompressReport, PointResult, RecipeMeans, Sized } from './types-compress.ts';

/** The page of a search for smaller networks. */
export function renderCompressPage(report: CompressReport): string {
  const { data, options, seconds, model } = report;
  const search = options.trials === null ? options.strategy : `${options.strategy} of ${options.trials} recipes`;
  const body = html`<main>
<header>
<p class="note">Compressed by whittle-ml</p>
<h1>${data.name}</h1>
<p class="lead">${predicted(report)}. The model: ${model}. Within the limits: ${limitsText(report)}, on the validation samples.</p>
${tiles(report)}
<div class="text">
${bestText(report)}
${paragraphs(report.findings)}
</div>
${notes(report)}
${aboutData(report)}
<nav aria-label="Sections"><a href="#sizes">Score against bytes</a><a href="#points">All networks</a>${report.damage === null ? '' : html`<a href="#damage">What it changed</a>`}${report.failures.length === 0 ? '' : html`<a href="#failures">What made no network</a>`}<a href="#again">Run it again</a></nav>
</header>
${sizeSection(report)}
${pointSection(report)}
${damageSection(report)}
${failureSection(report)}
<section aria-labelledby="again"><h2 id="again">Run it again</h2>
<p>The same call gives the same files, bit for bit, on every machine and with any number of workers: compare the digests with yours. Times are those of this machine. What has been found is in <code>journal.jsonl</code> beside this page, by which a search that was ended goes on.</p>
${details(
  'Digests of the files',
  table('SHA-256 of the files, without the encoder', bySize(report), [
    pointColumn(report),
    { title: 'digest', cell: (p) => html`<code>${p.digest}</code>` },
  ]),
)}
</section>
<footer>${machineLine(report)}; --epochs ${options.epochs}, --seed ${options.seed}, ${search}; ${seconds.search.toFixed(1)} s of search, ${seconds.total.toFixed(1)} s in all.</footer>
</main>
${TIPS}`;
  return pageOf(`whittle-ml: ${data.name}, compressed`, STYLE, body, SCRIPT);
}

/** What the table of kernels takes that is the fastest here, the last one: milliseconds. */
const latencyOf = ({ tables }: Sized): { readonly batch1: number; readonly batch64: number } =>
  tables.at(-1)?.latency ?? { batch1: Number.NaN, batch64: Number.NaN };

function tiles(report: CompressReport): Markup {
  const { original, scoreName } = report;
  const best = bestOf(report);
  if (best === undefined) return html``;
  const before = latencyOf(original);
  const now = latencyOf(best);
  const one = faster(before.batch1 / now.batch1);
  return html`<ul class="tiles">${[
    ratioTile(
      smaller(best.smaller),
      `${whole(best.bytes.file)} instead of ${whole(original.bytes.file)} bytes, encoder not counted`,
    ),
    ratioTile(
      faster(before.batch64 / now.batch64),
      `${time(now.batch64)} instead of ${time(before.batch64)} for 64 samples; ${one.number}× ${one.words} for one`,
    ),
    tile(
      decimals(best.test.score),
      `${scoreName} now`,
      `on test samples, ${decimals(best.test.low)} to ${decimals(best.test.high)}`,
    ),
    tile(
      decimals(original.test.score),
      `${scoreName} before`,
      `on test samples, ${decimals(original.test.low)} to ${decimals(original.test.high)}`,
    ),
  ]}</ul>`;
}

function bestText(report: CompressReport): Markup {
  const best = bestOf(report);
  if (best === undefined)
    return html`<p><b>No network is within the limits.</b> ${sentence(capital(report.reason))}</p>`;
  const { file, number, text } = best;
  const use =
    file === null
      ? ''
      : html`<p>It is in <code>${file}</code> beside this page, and <code>npx whittle-cli predict ${file} new.csv</code> predicts with it.</p>`;
  return html`<p><b>The best is ${number}.</b> ${sentence(`${capital(text)}${settingText(best, report)}`)}</p>${use}`;
}

function sizeSection(report: CompressReport): Markup {
  const { scoreName, options } = report;
  const belows = (part: 'validation' | 'test'): string => {
    const below = belowIn(report, part).map(({ number }) => number);
    return below.length === 0 ? '' : ` Below the picture: ${below.join(', ')}.`;
  };
  const has = (test: (p: PointResult) => boolean): boolean => report.points.some(test);
  const marks = keys(
    [MARKS.square, 'the model'],
    [MARKS.trainDot, 'beaten by no other'],
    [MARKS.grayDot, 'dominated'],
    ...(has((p) => p.isBaseline) ? [[MARKS.diamond, 'trained from scratch; hollow: dominated'] as const] : []),
    ...(has((p) => p.effort < 1) ? [[MARKS.triangle, 'with a part of the epochs'] as const] : []),
    ...(report.best === null ? [] : [[MARKS.ring, 'the best'] as const]),
    [MARKS.testLine, options.budget === null ? 'lowest score' : 'lowest score, most bytes'],
  );
  return html`<section aria-labelledby="sizes"><h2 id="sizes">${capital(scoreName)} against bytes</h2>
<p>Each point is a network that a recipe made, saved to a file. Up and to the left is better; bytes are on a logarithmic scale, and the vertical axis does not begin at 0. Lines are intervals of 95 %, by the chance of the samples. A point is dominated where another has no more bytes and no lower score on the validation samples, and is better in one of them.${has((p) => p.effort < 1) ? ' Halving first follows recipes with a part of the epochs; what that made stands among the others, as triangles.' : ''}</p>
${marks}
<div class="pair">${figure(
    'On the validation samples, which chose',
    `By these the front, the limits and the best were found; the best of many looks better here than it is.${belows('validation')}`,
    svg(sizeScores(report, 'validation')),
  )}${figure(
    'On the test samples, which chose nothing',
    `What is to be reported: the same networks on samples that nobody looked at before.${belows('test')}`,
    svg(sizeScores(report, 'test')),
  )}</div>
</section>`;
}

const pointColumn = (report: CompressReport): Column<PointResult> => ({
  title: 'network',
  cell: (p) => html`${p.number}&nbsp; ${p.name}${onNewLine(settingText(p, report))}`,
});

/** What begins with a comma, below what is before the comma. */
const onNewLine = (text: string): Markup => (text === '' ? html`` : html`,<br>${text.slice(1)}`);

/** Where it stands, in a word. */
const standing = (p: PointResult, { best }: CompressReport): string =>
  p.number === best ? 'best' : p.isDominated ? 'dominated' : 'front';

function pointSection(report: CompressReport): Markup {
  const rows = bySize(report);
  if (rows.length === 0) return html``;
  const front = rows.filter(({ isDominated }) => !isDominated);
  const dominated = rows.filter(({ isDominated }) => isDominated);
  const columns = pointColumns(report);
  return html`<section aria-labelledby="points"><h2 id="points">All networks</h2>
<p>Bytes are those of the file, without the encoder that the files in points/ also carry. Validation and test are the ${report.scoreName} on these samples, with intervals of 95 %; ${lostUnit(report)} lost are those of the test samples, and a network meets the limits by the validation samples.</p>
${table('Beaten by no other, the smallest first', front, columns)}
${dominated.length === 0 ? '' : details(`The dominated, ${whole(dominated.length)}`, table('Dominated, the smallest first', dominated, columns))}
${details('The recipe of each, and what it exceeds', recipeTable(report, rows))}
${meansTables(report)}
${costTable(report, rows)}
</section>`;
}

function pointColumns(report: CompressReport): Column<PointResult>[] {
  return [
    pointColumn(report),
    { title: 'stands', cell: (p) => standing(p, report) },
    { title: 'bytes', number: true, cell: (p) => whole(p.bytes.file) },
    { title: 'smaller', number: true, cell: (p) => `${times(p.smaller)}×` },
    { title: 'validation', number: true, cell: (p) => scoreText(p.validation) },
    { title: 'test', number: true, cell: (p) => scoreText(p.test) },
    { title: `${lostUnit(report)} lost`, number: true, cell: (p) => lostWords(p.lost.test) },
    { title: 'meets', cell: (p) => (p.meets ? 'yes' : 'no') },
  ];
}

const recipeTable = (report: CompressReport, rows: readonly PointResult[]): Markup =>
  table('Recipes', rows, [
    pointColumn(report),
    { title: 'seed', number: true, cell: (p) => String(p.seed) },
    { title: 'recipe', cell: (p) => p.text },
    { title: 'exceeds', cell: (p) => p.exceeds ?? 'nothing' },
  ]);

/** What recipes make on average over the seeds. */
function meansTables(report: CompressReport): Markup {
  const all = meansBySize(report);
  if (all.length === 0) return html``;
  const { options, best } = report;
  const isBest = (own: RecipeMeans): boolean => best !== null && own.points.includes(best);
  const columns: Column<RecipeMeans>[] = [
    { title: 'recipe', cell: (r) => html`${r.name}${onNewLine(effortText(r))}` },
    { title: 'networks', cell: (r) => html`${r.points.join(', ')}${isBest(r) ? ', the best among them' : ''}` },
    { title: 'seeds', number: true, cell: (r) => ofSeeds(r.points.length, report) },
    { title: 'bytes', number: true, cell: (r) => range(r.bytes, whole) },
    { title: 'validation', number: true, cell: (r) => range(r.validation, decimals) },
    { title: 'test', number: true, cell: (r) => range(r.test, decimals) },
    { title: 'meets', number: true, cell: (r) => ofSeeds(r.meets, report) },
  ];
  const front = all.filter(({ isDominated }) => !isDominated);
  const dominated = all.filter(({ isDominated }) => isDominated);
  return html`<h3 class="apart" id="recipes">By recipe</h3>
<p>Each recipe was followed with ${options.seeds.length} seeds. These are means over the networks that it made, and in brackets the range from the least to the most; the luckiest of the seeds looks better than its recipe is.</p>
${table('Recipes that no other one beats on average, the smallest first', front, columns)}
${dominated.length === 0 ? '' : details(`Those dominated on average, ${whole(dominated.length)}`, table('Recipes dominated on average, the smallest first', dominated, columns))}`;
}

/** What networks take: of the file, in arithmetic, and measured on this machine. */
function costTable(report: CompressReport, rows: readonly PointResult[]): Markup {
  type Row = Sized & { readonly point: PointResult | null };
  const all: Row[] = [...rows.map((point) => ({ ...point, point })), { ...report.original, point: null }];
  const point = pointColumn(report);
  const kernels = report.original.tables.map(({ name }) => name);
  const of = (row: Row, name: string) => row.tables.find((each) => each.name === name);
  const ms = (x: number | undefined): string => time(x ?? Number.NaN);
  const count = (x: number | null | undefined): string => whole(x ?? Number.NaN);
  const measured = kernels.flatMap((name): Column<Row>[] => [
    { title: `1 sample, ${name}`, number: true, cell: (r) => ms(of(r, name)?.latency.batch1) },
    { title: `64 samples, ${name}`, number: true, cell: (r) => ms(of(r, name)?.latency.batch64) },
    { title: `load, ${name}`, number: true, cell: (r) => ms(of(r, name)?.load) },
    { title: `memory, ${name}`, number: true, cell: (r) => count(of(r, name)?.memory.batch1) },
  ]);
  const columns: Column<Row>[] = [
    { title: 'network', cell: (r) => (r.point === null ? 'the model' : point.cell(r.point)) },
    { title: 'raw bytes', number: true, cell: (r) => whole(r.bytes.raw) },
    { title: 'gzip', number: true, cell: (r) => count(r.bytes.gzip) },
    { title: 'range coded', number: true, cell: (r) => whole(r.bytes.coded) },
    { title: 'parameters', number: true, cell: (r) => whole(r.parameters) },
    { title: 'not zero', number: true, cell: (r) => whole(r.nonZeroParameters) },
    { title: 'multiply-adds', number: true, cell: (r) => whole(r.macs) },
    ...measured,
    { title: 'energy, DRAM', number: true, cell: (r) => nano(r.energy.total.dram) },
    { title: 'energy, SRAM', number: true, cell: (r) => nano(r.energy.total.sram) },
  ];
  return html`<h3 class="apart">What they take</h3>
<p>Times are medians on ${machineLine(report)}, by table of kernels: a call with 1 and with 64 samples, and from the bytes of the file to a program that is ready. Memory is what a program for one sample holds, in bytes. Energy of one sample, with weights in memory beside the chip (DRAM) or on it (SRAM), is ${report.original.energy.source}.</p>
${details('Bytes, arithmetic, times, memory and modelled energy of each', table('What each network takes', all, columns))}`;
}

const nano = (x: number): string => `${x >= 100 ? whole(x) : x.toPrecision(3)} nJ`;

function damageSection({ damage, best, points }: CompressReport): Markup {
  if (damage === null) return html``;
  const { number, lines } = damage;
  const which =
    number === best ? 'The best' : 'No network is within the limits; that with the highest validation score';
  const name = points.find((p) => p.number === number)?.name ?? '';
  const [head = '', ...rest] = lines;
  return html`<section aria-labelledby="damage"><h2 id="damage">What it changed</h2>
<p>${which}, ${number} (${name}), held against the model on the test samples. ${sentence(head)} Numbers in brackets are samples of the test part, from 0.</p>
${list(rest.map((line) => capital(sentence(line))))}
</section>`;
}

function failureSection(report: CompressReport): Markup {
  const { failures } = report;
  if (failures.length === 0) return html``;
  return html`<section aria-labelledby="failures"><h2 id="failures">What made no network</h2>
${list(failures.map((f) => html`<b>${f.text}${settingText(f, report)}</b>: ${sentence(f.reason)}`))}
</section>`;
}
