import { html, type Markup, pageOf } from 'whittle-cli/html';
import { kernelRatios, peerRatios, rateBars, squares, TABLE_SYMBOLS, timeDots } from './charts.ts';
import type { Comparison } from './compare.ts';
import { shapeOf } from './draw.ts';
import { duration, figure, interval, machine, notesOf, percent, shareOfPeak } from './format.ts';
import type { RowResult, VariantResult } from './measure.ts';
import type { Results } from './results.ts';
import { STYLE } from './style.ts';
import { symbol } from './symbols.ts';

/** A part of the page: the rows whose name begins with one of these words. */
interface Part {
  readonly title: string;
  readonly text: string;
  readonly words: readonly string[];
}

const PARTS: readonly Part[] = [
  {
    title: 'Products of matrices',
    text: 'C = A·B in float32, written m x k x n. TN, NT and TT have operands that are stored transposed; "plain" is the same table without.',
    words: ['gemm'],
  },
  {
    title: 'Products of bytes',
    text: 'int8 weights: "int8" multiplies bytes to int32, "int8 quantize" goes from float32 to float32 with the bytes inside. Ratios are to float32.',
    words: ['gemmInt8'],
  },
  {
    title: 'Training steps',
    text: 'Forward, backward and Adam on one batch, the loss read back. "by hand" is bare kernel calls, "eager" builds the graph anew at every step.',
    words: ['step'],
  },
  {
    title: 'Inference',
    text: 'From an array of inputs to an array of probabilities.',
    words: ['infer'],
  },
];

/** The page of a run. */
export function renderPage(results: Results): string {
  const rest = results.rows.filter((row) => !PARTS.some((part) => belongs(row, part)));
  const body = html`<main>
<h1>whittle-ml: benchmarks</h1>
<p class="lead">${machine(results.environment)}</p>
${stamp(results)}
${legend(results)}
${against(results)}
${PARTS.map((part) => section(part, results))}
${kernels(rest)}
<footer>Made by <code>npm run bench</code>; every sample is in the JSON file beside this page. bench/README.md says what is timed and how.</footer>
</main>`;
  return pageOf('whittle-ml: benchmarks', STYLE, body);
}

const wordOf = ({ name }: { readonly name: string }): string => name.split(' ')[0]!;
const belongs = (row: { readonly name: string }, { words }: Part): boolean => words.includes(wordOf(row));

function stamp({ environment: e, peak, settings, peers, missing }: Results): Markup {
  const unknown = 'not measured: no WebAssembly SIMD';
  const facts: readonly (readonly [string, string | Markup])[] = [
    [
      'peak of one core',
      peak.gflops === null
        ? unknown
        : `${figure(peak.gflops)} GFLOP/s in 128 bits (products and sums ${figure(peak.mulAdd!)}${peak.fused === null ? '' : `, fused ${figure(peak.fused)}`})`,
    ],
    ['memory', `${figure(peak.bandwidth)} GB/s, copying`],
    [
      'load',
      `${e.load.toFixed(2)} busy cores of ${e.cores} before, ${e.loadAtEnd.toFixed(2)} after ${duration(e.seconds)}`,
    ],
    [
      'samples',
      `${settings.rounds} rounds of at least ${duration(settings.minTime)}, warmed up for ${duration(settings.warmUp)} or more`,
    ],
    ['peers', peers.length === 0 ? 'none' : peers.map(({ name, version }) => `${name} ${version}`).join(', ')],
    ...(missing.length === 0
      ? []
      : [['missing', html`<ul>${missing.map(({ name, reason }) => html`<li>${name}: ${reason}</li>`)}</ul>`] as const]),
  ];
  return html`<dl>${facts.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
}

function legend({ peers }: Results): Markup {
  if (peers.length === 0) return html``;
  const entries = peers.map(({ name }) => html`<li>${symbol(shapeOf(name, false), false)}${name}</li>`);
  return html`<ul class="keys"><li>${symbol('circle', true)}ours</li>${entries}</ul>`;
}

/** Ours over the peers: a picture and a table for each part. */
function against({ comparisons, rows }: Results): Markup {
  if (comparisons.length === 0) return html``;
  const blocks = PARTS.map((part) => {
    const list = comparisons.filter(({ row }) => belongs({ name: row }, part));
    return list.length === 0 ? html`` : html`<h3>${part.title}</h3>${peerRatios(list)}${peerTable(list, rows)}`;
  });
  return html`<h2>Ours against other libraries</h2>
<p>How many times as fast ours is, with the 95 % interval: right of 1 ours is faster. In the tables the second figure is our best sample against the peer's best.</p>
${blocks}`;
}

function peerTable(list: readonly Comparison[], rows: readonly RowResult[]): Markup {
  const peers = [...new Set(list.map(({ library }) => library))];
  const lines = rows.flatMap(({ name }) =>
    [...new Set(list.filter((c) => c.row === name).map((c) => c.ours))].map((ours) => [name, ours] as const),
  );
  const cell = (name: string, ours: string, peer: string): Markup => {
    const found = list.find((c) => c.row === name && c.ours === ours && c.library === peer);
    if (found === undefined) return html`<td></td>`;
    const { speed, noisy } = found;
    const verdict = speed.low > 1 ? 'faster' : speed.high < 1 ? 'slower' : 'even';
    return html`<td class="number ${verdict}">${interval(speed)}<br>${figure(speed.best)}${noisy ? ' noisy' : ''}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Ratios"><table><thead><tr><th scope="col">row</th><th scope="col">ours</th>${peers.map((peer) => html`<th scope="col" class="number">${peer}</th>`)}</tr></thead><tbody>${lines.map(
    ([name, ours]) =>
      html`<tr><th scope="row">${name}</th><td>${ours}</td>${peers.map((peer) => cell(name, ours, peer))}</tr>`,
  )}</tbody></table></div>`;
}

function section(part: Part, { rows, peak }: Results): Markup {
  const own = rows.filter((row) => belongs(row, part));
  if (own.length === 0) return html``;
  const square = own.filter(({ name }) => /^gemm (\d+)x\1x\1$/.test(name));
  const curve = square.length > 1 ? html`<figure>${squares(square, peak.gflops)}</figure>` : html``;
  const panels = own.map((row) => {
    const chart =
      row.variants.length === 0 ? html`` : row.unit.endsWith('OP/s') ? rateBars(row, peak.gflops) : timeDots(row);
    return html`<div class="panel"><h3>${row.name}</h3>${chart}${remarks(row)}${details(row, peak.gflops)}</div>`;
  });
  return html`<h2>${part.title}</h2><p>${part.text}</p>${curve}<div class="grid">${panels}</div>`;
}

/** What failed, and what a reader must know. */
function remarks(row: RowResult): Markup {
  const notes = [...notesOf(row)].map(([note, names]) => `${names.join(', ')}: ${note}.`);
  const failures = row.failures.map(({ name, ours, message }) => `${name} ${ours ? 'is WRONG' : 'failed'}: ${message}`);
  return html`${[...failures, ...notes].map((text) => html`<p class="note">${text}</p>`)}`;
}

interface Line {
  readonly row: RowResult;
  readonly variant: VariantResult;
  readonly head: string;
}

/** All the figures of some variants, one a line, `head` first. */
function numbers(title: string, lines: readonly Line[], ratio: string, unit: string, peak: number | null): Markup {
  const heads = [unit, 'of peak', 'median', 'best', 'MAD', ratio];
  const body = lines.map(({ row, variant: v, head }) => {
    const share = shareOfPeak(v, row.unit, peak);
    const cells = [
      figure(v.rate),
      share,
      duration(v.median),
      duration(v.best),
      percent(v.mad / v.median),
      interval(v.ratio),
    ];
    return html`<tr><th scope="row">${head}</th>${cells.map((text) => html`<td class="number">${text}</td>`)}<td>${v.base}</td><td>${v.noisy ? 'noisy' : ''}</td></tr>`;
  });
  return html`<details><summary>Numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><thead><tr><th scope="col">variant</th>${heads.map((head) => html`<th scope="col" class="number">${head}</th>`)}<th scope="col">base</th><th scope="col"></th></tr></thead><tbody>${body}</tbody></table></div></details>`;
}

function details(row: RowResult, peak: number | null): Markup {
  const ratio = row.ratio === 'speed' ? 'times base [95 %]' : 'time/base [95 %]';
  const lines = row.variants.map((variant) => ({ row, variant, head: variant.name }));
  return numbers(row.name, lines, ratio, row.unit, peak);
}

/** Which symbol is which of our tables. */
function tableLegend(rows: readonly RowResult[]): Markup {
  const present = new Set(rows.flatMap(({ variants }) => variants.map(({ who }) => who)));
  const entries = Object.entries(TABLE_SYMBOLS).filter(([who]) => present.has(who));
  return html`<ul class="keys">${entries.map(([who, { symbol: shape, filled }]) => html`<li>${symbol(shape, true, filled)}${who}</li>`)}</ul>`;
}

function kernels(rows: readonly RowResult[]): Markup {
  if (rows.length === 0) return html``;
  const faster = rows.filter(({ variants }) => variants.length > 1);
  const lines = rows.flatMap((row) =>
    row.variants.map((variant) => ({ row, variant, head: `${row.name}: ${variant.name}` })),
  );
  return html`<h2>Other kernels</h2>
<p>Each implementation against the reference's loop. A kernel that is not in the picture has no other.</p>
${faster.length === 0 ? html`` : html`${tableLegend(faster)}<figure>${kernelRatios(faster)}</figure>`}
${rows.map(remarks)}${numbers('Other kernels', lines, 'times base [95 %]', 'Melement/s', null)}`;
}
