import {
  bestOf,
  effortText,
  frontOf,
  lostUnit,
  lostWords,
  meansFront,
  ofSeeds,
  scoreText,
  settingText,
} from './findings-compress.ts';
import { dataFacts, decimals, range, times, whole } from './format.ts';
import { section, table } from './tables.ts';
import type { CompressReport, PointResult, Sized } from './types-compress.ts';

/** What a search found as text for a terminal: the front, the best and what is to be known. */
export function renderCompressTables(report: CompressReport): string {
  const { original, scoreName, failures } = report;
  const best = bestOf(report);
  const row = (p: PointResult): string[] => [
    `${p.number === report.best ? '* ' : ''}${p.number}`,
    `${p.name}${settingText(p, report)}`,
    whole(p.bytes.file),
    `${times(p.smaller)}×`,
    ...scores(p),
    lostWords(p.lost.test),
    p.meets ? 'yes' : 'no',
  ];
  const rows = [
    ['–', `the model, ${report.model}`, whole(original.bytes.file), '1.0×', ...scores(original), '–', '–'],
    ...frontOf(report).map(row),
  ];
  const head = [
    'point',
    'recipe',
    'bytes',
    'smaller',
    `validation ${scoreName}`,
    `test ${scoreName}`,
    `${lostUnit(report)} lost`,
    'meets',
  ];
  const blocks = [
    section('Data', table([], dataFacts(report))),
    section(
      'Networks that no other one beats in bytes and validation score; test samples chose nothing; intervals of 95 %',
      table(head, rows),
    ),
    ...meansSection(report),
    ...(best === undefined ? [] : [section(`The best is ${best.number}`, `${best.text}${settingText(best, report)}`)]),
    section('Findings', ...report.findings.map((text) => `- ${text}`)),
    ...(failures.length === 0
      ? []
      : [
          section(
            'Trials that made no network',
            ...failures.map((f) => `- ${f.text}${settingText(f, report)}: ${f.reason}`),
          ),
        ]),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** The recipes that no other one beats on average over the seeds, if there are several. */
function meansSection(report: CompressReport): string[] {
  const { scoreName, best } = report;
  const rows = meansFront(report).map((own) => [
    `${best !== null && own.points.includes(best) ? '* ' : ''}${own.name}${effortText(own)}`,
    ofSeeds(own.points.length, report),
    range(own.bytes, whole),
    range(own.validation, decimals),
    range(own.test, decimals),
    ofSeeds(own.meets, report),
  ]);
  const head = ['recipe', 'seeds', 'bytes', `validation ${scoreName}`, `test ${scoreName}`, 'meets'];
  const title = 'Recipes that no other one beats on average over the seeds: mean (min..max)';
  return rows.length === 0 ? [] : [section(title, table(head, rows))];
}

const scores = ({ validation, test }: Pick<Sized, 'validation' | 'test'>): string[] => [
  decimals(validation.score),
  scoreText(test),
];
