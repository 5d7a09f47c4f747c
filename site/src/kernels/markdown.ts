import { figure } from '../../../bench/format.ts';
import type { RowResult } from '../../../bench/measure.ts';
import type { Peak } from '../../../bench/roofline.ts';
import type { Text } from '../text/text.ts';
import type { Choice } from './ladders.ts';
import { isSoftware, type Machine } from './machine.ts';
import { baseText, failuresOf, linesOf } from './table.ts';

/** A table of the report: a row with its title. */
export interface Section {
  readonly title: string;
  readonly ladder: string;
  readonly choice: Choice | null;
  readonly result: RowResult;
}

/** The machine and what it can do at most, as terms and what is said of them. */
export function factsOf(
  words: Text['kernels'],
  machine: Machine | null,
  peak: Peak | null,
): (readonly [string, string])[] {
  const told = (text: string | undefined): string => (text === undefined || text === '' ? words.unknown : text);
  const arithmetic = (rate: number | null, say: (rate: string) => string): string =>
    rate === null ? words.noSimd : say(figure(rate));
  const gpu = machine?.gpu ?? '';
  return [
    [words.browser, told(machine?.browser)],
    [words.platform, told(machine?.platform)],
    [words.cores, told(machine === null ? undefined : String(machine.cores))],
    [words.graphics, isSoftware(gpu) ? words.software(gpu) : told(gpu)],
    [words.peakFloats, peak === null ? words.notYet : arithmetic(peak.gflops, words.gflops)],
    ...(peak === null
      ? []
      : [
          [words.peakIntegers, arithmetic(peak.integers, words.gops)] as const,
          [words.bandwidth, words.gigabytes(figure(peak.bandwidth))] as const,
        ]),
  ];
}

/** Cells may hold what ends a cell, or a line. */
const cell = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replace(/\s*\n\s*/g, ' ');

const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** All that was measured, to paste into an issue or a report. */
export function markdownOf(
  words: Text['kernels'],
  machine: Machine | null,
  peak: Peak | null,
  sections: readonly Section[],
  date: string,
): string {
  const facts = [...factsOf(words, machine, peak), [words.date, date] as const];
  const tables = sections.flatMap(({ title, ladder, choice, result }) => {
    const heads = [words.rung, words.milliseconds, words.rate(result.unit), words.speedup, words.share];
    const lines = linesOf(words, ladder, choice, result, peak).map(
      ({ rung, milliseconds, rate, ratio, share, isNoisy }) =>
        row([isNoisy ? words.marked(rung, words.noisy) : rung, milliseconds, rate, ratio, share]),
    );
    const failures = failuresOf(words, result).map((sentence) => `- ${cell(sentence)}`);
    return [
      '',
      `### ${title}`,
      '',
      row(heads),
      '| :-- | --: | --: | --: | --: |',
      ...lines,
      '',
      words.speedupNote(baseText(words, result)),
      ...(failures.length === 0 ? [] : ['', ...failures]),
    ];
  });
  return [
    `## ${words.fact('whittle-ml', words.title)}`,
    '',
    ...facts.map(([term, said]) => `- ${words.fact(term, said)}`),
    ...tables,
    '',
  ].join('\n');
}
