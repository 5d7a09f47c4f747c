import Table from 'cli-table3';
import { plain } from '../format.ts';
import { type Language, NO_UNIT } from './bilingual.ts';
import type { Report, Result } from './results.ts';
import { intervalText, VERDICT_NAMES, VERDICTS, withUnit } from './words.ts';

const HEADS: Readonly<Record<Language, readonly string[]>> = {
  en: ['claim', 'what the article says', 'effect', '95 % interval', 'verdict'],
  zh: ['编号', '文章的说法', '效应', '95 % 置信区间', '结论'],
};
const CLOCK: Readonly<Record<Language, string>> = { en: ', by a clock', zh: '（取决于计时）' };
/** Of the title, in columns of the terminal; longer ones are wrapped. */
const WIDTH = 40;

/** A row a claim, and how many there are of each verdict. */
export function renderTable({ results, seeds, quick }: Report, language: Language): string {
  const table = new Table({
    head: [...HEADS[language]],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    colWidths: [null, WIDTH],
    wordWrap: true,
    wrapOnWordBoundary: language === 'en',
  });
  table.push(...results.map((each) => rowOf(each, language).map(plain)));
  const counts = VERDICT_NAMES.map((verdict) => {
    const count = results.filter((each) => each.verdict === verdict).length;
    return `${VERDICTS[verdict][language]} ${count}`;
  });
  const of = {
    en: `${seeds.length} seeds${quick ? ', quick' : ''}`,
    zh: `${seeds.length} 个种子${quick ? '，快速' : ''}`,
  };
  const line = language === 'en' ? `${counts.join(', ')}; ${of.en}` : `${counts.join('，')}；${of.zh}`;
  return `${table.toString()}\n${line}`;
}

function rowOf({ claim, summary: { effect }, verdict }: Result, language: Language): string[] {
  const {
    id,
    title,
    clock,
    effect: { unit = NO_UNIT },
  } = claim;
  return [
    id,
    title[language],
    withUnit(effect.mean, unit[language]),
    intervalText(effect, language),
    VERDICTS[verdict][language] + (clock ? CLOCK[language] : ''),
  ];
}
