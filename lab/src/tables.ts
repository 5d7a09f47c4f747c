import Table from 'cli-table3';
import { chanceText, lostText, numberText, points, worstText } from './findings-damage.ts';
import { addedBy, decibelText } from './findings-ledger.ts';
import { runsText, TAUGHT, verdictOf } from './findings-taught.ts';
import {
  dataFacts,
  decimals,
  headline,
  machineLine,
  percent,
  plain,
  range,
  seedsLine,
  shareOfTeacher,
  time,
  whole,
} from './format.ts';
import { imageText } from './images.ts';
import type { JobReport } from './types.ts';

/** The whole report as text for a terminal. */
export function renderTables(report: JobReport): string {
  const { fits, forms, distillation: d, scoreName } = report;
  const blocks = [
    section('Data', table([], dataFacts(report))),
    section(
      `Under- and overfitting (${scoreName}, ${seedsLine(report)})`,
      table(
        ['fit', 'parameters', 'samples', 'train', 'test', 'gap', 'verdict'],
        fits.map((f) => [
          f.name,
          whole(f.parameters),
          whole(f.samples),
          range(f.train, decimals),
          range(f.test, decimals),
          range(f.gap, decimals),
          f.diagnosis.verdict,
        ]),
      ),
    ),
    section(
      `Compression (latency on ${machineLine(report)})`,
      table(
        ['form', scoreName, 'bytes', 'of teacher', 'parameters', 'not zero', 'MACs', '1 sample', '64 samples'],
        forms.map((f) => [
          f.name,
          range(f.score, decimals),
          range(f.bytes, whole),
          percent(shareOfTeacher(report, f)),
          range(f.parameters, whole),
          range(f.nonZeroParameters, whole),
          range(f.macs, whole),
          range(f.latency1, time),
          range(f.latency64, time),
        ]),
      ),
    ),
    section(
      'Distillation',
      table(
        ['student', scoreName],
        [
          ['from labels only', range(d.labelsOnly, decimals)],
          ['distilled', range(d.distilled, decimals)],
          ...(d.agreement === null ? [] : [['agrees with the teacher', range(d.agreement, decimals)]]),
        ],
      ),
      d.conclusion,
    ),
    ...taughtTable(report),
    damageTable(report),
    ledgerTable(report),
    ...smallestTable(report),
    ...lightTable(report),
    ...criteriaTable(report),
    section(
      'Weights (SHA-256, the same on every machine)',
      table(
        ['seed', 'model', 'digest'],
        report.digests.map(({ seed, model, sha256 }) => [String(seed), model, sha256]),
      ),
    ),
    section(
      'Findings',
      ...[...report.findings.fits, ...report.findings.forms, ...report.findings.caveats].map((text) => `- ${text}`),
    ),
    section('Recommended', headline(report), report.recommendation.rule),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** What distillation changed, where more students were trained. */
function taughtTable({ taught }: JobReport): string[] {
  if (taught === null) return [];
  const rows = taught.figures.map(({ name, alone, distilled, gain }) => {
    const { title, format } = TAUGHT[name];
    const [low, high] = [gain.low, gain.high].map(TAUGHT[name].difference);
    return [title, range(alone, format), range(distilled, format), `${low} to ${high}`, verdictOf(name, gain)];
  });
  const head = ['figure', 'labels alone', 'distilled', 'difference, 95 %', 'distilled is'];
  const texts = [...taught.findings, taught.soft.finding].map((text) => `- ${text}`);
  return [section(`What distillation changed (${runsText(taught)}: mean (min..max))`, table(head, rows), ...texts)];
}

/** What the forms changed in the teacher's answers. */
function damageTable(report: JobReport): string {
  const { damage } = report;
  if (damage.kind === 'numbers') {
    const head = ['form', 'R² lost', '95 % interval, hundredths', 'typical change', 'largest change', 'in line'];
    const rows = damage.forms.map((d) => [
      d.form,
      range(d.r2, decimals),
      `${points(d.lost.low)} to ${points(d.lost.high)}`,
      range(d.typical, numberText),
      range(d.largest, numberText),
      String(d.line),
    ]);
    return section('What compression changed, against the teacher on the test samples', table(head, rows));
  }
  const head = ['form', 'changed', 'now wrong', 'now right', 'points lost', 'p', 'class that lost most', 'calibration'];
  const rows = damage.forms.map((d) => [
    d.form,
    range(d.changed, percent),
    range(d.rightToWrong, whole),
    range(d.wrongToRight, whole),
    lostText(d.lost),
    chanceText(d),
    worstText(d, report),
    range(d.calibration, decimals),
  ]);
  return section(
    "What compression changed, against the teacher on the test samples (95 % intervals, McNemar's p)",
    table(head, rows),
  );
}

/** Files that were pruned, shared and coded, where there are any. */
function smallestTable({ smallest, scoreName }: JobReport): string[] {
  if (smallest === null) return [];
  const rows = smallest.files.map(({ subject, stage, bytes, score }) => [
    `${subject}, ${stage}`,
    range(bytes, whole),
    range(score, decimals),
  ]);
  const texts = smallest.findings.map((text) => `- ${text}`);
  return [section('Pruned, shared and coded files', table(['file', 'bytes', scoreName], rows), ...texts)];
}

/** Networks for images, where there are any. */
function lightTable({ light, scoreName }: JobReport): string[] {
  if (light === null) return [];
  const rows = light.results.map((r) => [
    `${r.name}, ${r.variant}`,
    imageText(light.networks.find(({ name }) => name === r.name)!.image),
    range(r.parameters, whole),
    range(r.macs, whole),
    range(r.bytes, whole),
    range(r.score, decimals),
    range(r.latency1, time),
    range(r.latency64, time),
  ]);
  const head = ['network', 'images', 'parameters', 'MACs', 'bytes', scoreName, '1 sample', '64 samples'];
  const training = light.networks.map(({ name, training }) => `${name}: ${training}`);
  return [
    section('Networks for images', table(head, rows), ...[...training, ...light.findings].map((text) => `- ${text}`)),
  ];
}

/** What each layer of the teacher loses alone, in every format. */
function ledgerTable({ ledger, rounding, scoreName }: JobReport): string {
  const head = ['format', 'layer', 'bytes', 'weights', 'result', 'loss added', `${scoreName} alone`, 'outputs'];
  const rows = ledger.forms.flatMap(({ format, layers }) =>
    layers.map((layer) => [
      format,
      layer.name,
      whole(layer.bytes),
      decibelText(layer.weights),
      decibelText(layer.result),
      addedBy(layer, ledger.real.loss),
      decimals(layer.score),
      decibelText(layer.outputs),
    ]),
  );
  return section(
    `Which layer lost what (${ledger.samples} test samples; decibels of signal over noise)`,
    table(head, rows),
    ...[...ledger.findings, rounding.finding].map((text) => `- ${text}`),
  );
}

/** Criteria of pruning, where they were compared. */
function criteriaTable({ criteria, scoreName }: JobReport): string[] {
  if (criteria === null) return [];
  const { seeds, levels, rows } = criteria;
  return [
    section(
      `Criteria of pruning (${scoreName} by the share of zeros, seeds ${seeds.join(', ')}: mean (min..max))`,
      table(
        ['criterion', ...levels.map((level) => percent(level))],
        rows.map(({ name, scores }) => [name, ...scores.map((score) => range(score, decimals))]),
      ),
      ...criteria.findings.map((text) => `- ${text}`),
    ),
  ];
}

export const section = (title: string, ...lines: readonly string[]): string =>
  [plain(title), ...lines.map((line) => line.split('\n').map(plain).join('\n'))].join('\n');

/** Columns of numbers are set flush right. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  drawn(head, rows, {
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });

/** The same without lines around cells, for tables of many columns. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const none = Object.fromEntries(
    ['top', 'mid', 'bottom', 'left', 'right'].flatMap((side) =>
      [side, `${side}-mid`, `${side}-left`, `${side}-right`].map((char) => [char, '']),
    ),
  );
  const [first = '', ...lines] = drawn(head, rows, {
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    chars: { ...none, middle: '  ' },
  })
    .split('\n')
    .map((line) => line.trimEnd());
  return [first, '─'.repeat(Math.max(...[first, ...lines].map(({ length }) => length))), ...lines].join('\n');
}

function drawn(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  how: Pick<Table.TableConstructorOptions, 'style' | 'chars'>,
): string {
  const isNumber = (column: number): boolean =>
    head.length > 0 && rows.every((row) => /^[-–\d]/.test(row[column] ?? '') && (row[column] ?? '').length < 40);
  const text = new Table({
    head: [...head],
    ...how,
    colAligns: head.map((_, column) => (isNumber(column) ? 'right' : 'left')),
  });
  text.push(...rows.map((row) => row.map(plain)));
  return text.toString();
}
