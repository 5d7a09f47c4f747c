import type { Environment } from '../environment.ts';
import type { Images } from './images.ts';
import type { Paper, PartBytes, Published, Row } from './paper.ts';
import { spreadOf, uncertainty } from './statistics.ts';
import type { Cell } from './store.ts';

const NONE = '–';

const share = (x: number): string => `${(100 * x).toFixed(2)} %`;
const whole = (x: number): string => Math.round(x).toLocaleString('en-US');
const bits = (x: number): string => x.toFixed(2);

/** The mean and, where it is another, the worst. */
function meanAndWorst(list: readonly number[], text: (x: number) => string): string {
  if (list.length === 0) return NONE;
  const [mean, worst] = [spreadOf(list).mean, spreadOf(list).worst].map(text);
  return mean === worst ? mean! : `${mean}, worst ${worst}`;
}

const known = (list: readonly (number | undefined)[]): number[] => list.filter((x) => x !== undefined);

const keptOf = ({ kept }: Cell): number | undefined => kept && Object.values(kept).reduce((sum, [own]) => sum + own, 0);

/** Bits of a whole file, or of one of its parts, for each weight that is kept. */
function bitsOf(cell: Cell, bytes: number | undefined): number | undefined {
  const kept = keptOf(cell);
  return bytes === undefined || kept === undefined || kept === 0 ? undefined : (8 * bytes) / kept;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows.map((row) => `| ${row.join(' | ')} |\n`);
  const line = `|${rows[0]!.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|\n`;
  return `${head}${line}${body.join('')}`;
}

/** Without columns in which no row says anything. */
function dense(rows: readonly (readonly string[])[]): string[][] {
  const said = rows[0]!.map((_, i) => i === 0 || rows.slice(1).some((row) => row[i] !== NONE));
  return rows.map((row) => row.filter((_, i) => said[i]));
}

interface Shown {
  readonly row: Row;
  readonly cells: readonly Cell[];
  /** Null where the images are not those of the paper. */
  readonly published: Published | null;
}

function mainTable(shown: readonly Shown[]): string {
  const head = ['', 'error', 'published', 'bytes', 'published', 'bits a kept weight', 'published', 'epochs', 'seconds'];
  const body = shown.map(({ row, cells, published }) => {
    const said = (x: number | undefined, text: (x: number) => string): string => (x === undefined ? NONE : text(x));
    return [
      row.name,
      meanAndWorst(
        cells.map(({ wrong, of }) => wrong / of),
        share,
      ),
      said(published?.error, share),
      meanAndWorst(known(cells.map(({ bytes }) => bytes)), whole),
      said(published?.bytes, whole),
      meanAndWorst(known(cells.map((cell) => bitsOf(cell, cell.bytes))), bits),
      said(published?.bits, bits),
      meanAndWorst(
        cells.map(({ epochs }) => epochs),
        whole,
      ),
      meanAndWorst(
        cells.map(({ seconds }) => seconds),
        whole,
      ),
    ];
  });
  return table(dense([head, ...body]));
}

/** Where the bits of a kept weight are, in the mean over the seeds. */
function partsTable(shown: readonly Shown[]): string {
  const coded = shown.filter(({ cells }) => cells.some(({ parts, kept }) => parts !== undefined && kept !== undefined));
  if (coded.length === 0) return '';
  const names = [...new Set(coded.flatMap(({ cells }) => cells.flatMap(({ parts }) => Object.keys(parts ?? {}))))];
  const mean = (cells: readonly Cell[], of: (parts: PartBytes) => number): string =>
    bits(spreadOf(known(cells.map((cell) => cell.parts && bitsOf(cell, of(cell.parts))))).mean);
  const body = coded.map(({ row, cells }) => [
    row.name,
    ...names.map((name) => mean(cells, (parts) => parts[name] ?? 0)),
    mean(cells, (parts) => Object.values(parts).reduce((sum, own) => sum + own, 0)),
  ]);
  return `\nBits a kept weight, by what they are spent on (mean):\n\n${table([['', ...names, 'all'], ...body])}`;
}

function keptTable(shown: readonly Shown[]): string {
  const pruned = shown.filter(({ cells }) => cells.some(({ kept }) => kept !== undefined));
  const names = [...new Set(pruned.flatMap(({ cells }) => cells.flatMap(({ kept }) => Object.keys(kept ?? {}))))];
  if (names.length === 0) return '';
  const percent = (x: number): string => `${(100 * x).toFixed(1)} %`;
  const body = pruned.flatMap(({ row, cells, published }) => {
    const own = cells.flatMap(({ kept }) => (kept === undefined ? [] : [kept]));
    const of = (name: string): number[] => own.flatMap((kept) => (kept[name] ? [kept[name][0] / kept[name][1]] : []));
    const all = known(cells.map(keptOf));
    const ours = [row.name, ...names.map((name) => percent(spreadOf(of(name)).mean)), whole(spreadOf(all).mean)];
    const theirs = published?.kept;
    if (theirs === undefined) return [ours];
    const said = names.map((name) => (theirs[name] === undefined ? NONE : percent(theirs[name])));
    return [ours, [`${row.name}, published`, ...said, NONE]];
  });
  return `\nWeights kept (mean):\n\n${table([['', ...names, 'in all'], ...body])}`;
}

/** A paper's tables, of the rows that have been run, in Markdown. */
export function renderPaper(
  paper: Paper,
  cells: readonly Cell[],
  images: Pick<Images, 'name'>,
  quick: boolean,
): string {
  const shown = paper.rows
    .map((row) => ({
      row,
      cells: cells.filter((cell) => cell.row === row.name),
      published: images.name === 'MNIST' && !quick ? (row.published ?? null) : null,
    }))
    .filter((each) => each.cells.length > 0);
  const title = `## ${paper.title}, on ${images.name}${quick ? ' (quick: says nothing about the paper)' : ''}\n\n`;
  const lists = `${listOf('Differs from the paper', paper.differs)}${listOf('Left out', paper.leftOut)}`;
  if (shown.length === 0) return `${title}${paper.source}\n\nNothing has been run.\n${lists}`;
  const tables = `${mainTable(shown)}${partsTable(shown)}${keptTable(shown)}`;
  return `${title}${paper.source}\n\n${tables}\n${notesOf(shown)}${lists}`;
}

/** What a reader must know of the figures. */
function notesOf(shown: readonly Shown[]): string {
  const cells = shown.flatMap((each) => each.cells);
  const seeds = [...new Set(cells.map(({ seed }) => seed))].sort((p, q) => p - q);
  const { wrong, of } = cells.reduce((p, q) => (q.wrong / q.of < p.wrong / p.of ? q : p));
  const missing = shown.filter((each) => each.cells.length < seeds.length).map(({ row }) => row.name);
  const lines = [
    `Seeds ${seeds.join(', ')}. Errors are of ${whole(of)} test images, which decide nothing: one of ${share(wrong / of)} is known to ±${share(uncertainty(wrong / of, of))}.`,
    ...(missing.length > 0 ? [`Of fewer seeds than the others: ${missing.join(', ')}.`] : []),
    ...[...new Set(cells.map(({ machine }) => machine))],
  ];
  return `${lines.join('\n')}\n`;
}

const listOf = (title: string, list: readonly string[]): string =>
  list.length === 0 ? '' : `\n${title}:\n\n${list.map((each) => `- ${each}\n`).join('')}`;

/** Machine, runtime and table of kernels, without what changes from run to run. */
export function machineOf({ runtime, v8, platform, cpu, cores, commit }: Environment, kernels: string): string {
  const code = commit === null ? '' : `, commit ${commit}`;
  return `${runtime} (V8 ${v8}), ${platform}, ${cpu}, one of ${cores} cores, kernels ${kernels}${code}.`;
}
