import { describe, expect, test } from 'vitest';
import { Refusal } from '../../site/src/engine/refusal.ts';
import type { TableProblem } from '../../site/src/engine/table-problems.ts';
import { tableRows } from '../../site/src/engine/tables.ts';
import { en } from '../../site/src/text/en.ts';
import { spoken } from '../../site/src/text/foreign.ts';
import { sentenceOf as said } from '../../site/src/text/refused.ts';
import { zh } from '../../site/src/text/zh.ts';

const rows = (row: (i: number) => string, count = 30): string =>
  ['a,b,c', ...Array.from({ length: count }, (_, i) => row(i))].join('\n');

function reasonOf(text: string, target: string, wantsNumbers = false): Refusal['reason'] {
  try {
    tableRows({ text, target }, wantsNumbers);
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
  throw new Error('the table was taken');
}

const BAD: readonly (readonly [
  name: string,
  text: string,
  target: string,
  what: TableProblem['what'],
  wantsNumbers?: boolean,
])[] = [
  ['one column', 'a\n1\n2\n3', 'a', 'column alone'],
  ['columns that say nothing', rows((i) => `1,1,${i % 2}`), 'c', 'column alone'],
  ['a header alone', 'a,b\n', 'b', 'no rows'],
  ['a line that is too short', 'a,b,c\n1,2,3\n1,2', 'c', 'cells'],
  ['a quote that stays open', 'a,b,c\n"1,2,3\n4,5,6', 'c', 'open quote'],
  ['one class', rows((i) => `${(i * i) % 7},${(i * i) % 11},yes`), 'c', 'one class'],
  ['a class for each row', rows((i) => `${(i * i) % 7},${(i * i) % 11},c${i}`, 300), 'c', 'classes'],
  ['a number past float32', rows((i) => `${i % 7}e307,${(i * i) % 11},${i % 2}`), 'c', 'number'],
  ['no line of names', Array.from({ length: 30 }, (_, i) => `${i}.5,${i % 7},${i % 2}`).join('\n'), '0', 'no header'],
  [
    'more columns than one can look at',
    `${Array.from({ length: 1001 }, (_, i) => `c${i}`)}\n${Array.from({ length: 1001 }, () => 1)}`,
    'c0',
    'too wide',
  ],
  [
    'texts that become too many columns',
    [
      `t,${Array.from({ length: 40 }, (_, i) => `c${i}`)}`,
      ...Array.from(
        { length: 900 },
        (_, i) => `${i % 2 ? 'x' : 'y'},${Array.from({ length: 40 }, (_, j) => `v${(i * (j + 1)) % 31}`)}`,
      ),
    ].join('\n'),
    't',
    'too wide',
  ],
  [
    'texts where numbers are wanted',
    rows((i) => `${(i * i) % 7},${i % 11},${i % 2 ? 'x' : 'y'}`),
    'c',
    'not numbers',
    true,
  ],
  ['a column of nothing', rows((i) => `${(i * i) % 7},${i % 11},`), 'c', 'nothing to learn'],
  ['a column that is not there', rows((i) => `${(i * i) % 7},${i % 11},${i % 2}`), 'z', 'no column'],
  ['a text behind its quote', 'a,b,c\n"1"x,2,3\n4,5,6', 'c', 'after quote'],
  ['a name with a text behind its quote', '"a"x,b,c\n1,2,3\n4,5,6', 'c', 'after quote'],
  [
    'two numbers of one name',
    rows((i) => `${(i * i) % 5},${i % 2 ? 'x' : 'y'},${i % 2}`).replace('a,b', 'b=x,b'),
    'c',
    'same feature',
  ],
  ['no text', 'a,b\n1,\0\n2,3', 'b', 'no text'],
];

describe('a table that cannot be used', () => {
  const bad = BAD.map(([name, text, target, what, wantsNumbers = false]) => ({
    name,
    text,
    target,
    what,
    wantsNumbers,
  }));
  test.each(bad)('$name is said in the language of the page', ({ text, target, what, wantsNumbers }) => {
    const reason = reasonOf(text, target, wantsNumbers);
    expect(reason).toMatchObject({ kind: 'bad table', problem: { what } });
    const [english, chinese] = [en, zh].map(({ refusals }) => said(reason, refusals));
    expect(english).toMatch(/^.{20,}\.$/s);
    expect(english).not.toContain('undefined');
    expect(chinese).toMatch(/^.{10,}。$/s);
    expect(chinese).not.toContain('undefined');
    // None of the library's sentences is left in it.
    expect(spoken(chinese ?? '')).toHaveLength(1);
  });

  test('what it says holds the facts', () => {
    expect(reasonOf('a,b,c\n1,2,3\n1,2', 'c')).toEqual({
      kind: 'bad table',
      problem: { what: 'cells', line: '3', cells: '2', wanted: '3' },
    });
    expect(reasonOf('"a"x,b,c\n1,2,3\n4,5,6', 'c')).toEqual({
      kind: 'bad table',
      problem: { what: 'after quote', line: '1', cell: '1' },
    });
    expect(
      reasonOf(
        rows((i) => `${(i * i) % 7},${(i * i) % 11},yes`),
        'c',
      ),
    ).toEqual({
      kind: 'bad table',
      problem: { what: 'one class', column: 'c', name: 'yes' },
    });
  });

  test('facts, names and classes of any length are shown in part', () => {
    const long = 'y'.repeat(1000);
    const said = reasonOf(
      rows((i) => `${(i * i) % 7},${(i * i) % 11},${long}`),
      'c',
    );
    expect(JSON.stringify(said).length).toBeLessThan(250);
    const text = rows((i) => `${(i * i) % 7},${(i * i) % 11},${i % 2 ? long : 'x'}`).replace('a,', `${long},`);
    const { names, classes } = tableRows({ text, target: 'c' }, false);
    for (const name of [...names, ...classes]) expect(name.length).toBeLessThanOrEqual(60);
  });

  test('what is not known is said in the words of the library, marked as English', () => {
    const reason = reasonOf('<!doctype html><html></html>', 'zzz');
    const parts = spoken(said(reason, zh.refusals));
    expect(parts).toHaveLength(3);
    expect(parts[1]).toContain('HTML');
  });

  test.each([true, false])(
    'one number for all rows is nothing to learn (where numbers are wanted: %s)',
    (wantsNumbers) => {
      const same = rows((i) => `${(i * i) % 7},${(i * i) % 11},3.1`);
      const reason = reasonOf(same, 'c', wantsNumbers);
      expect(reason).toEqual({ kind: 'one number', number: 3.1 });
      for (const { refusals } of [en, zh]) expect(said(reason, refusals)).toMatch(/3\.1.*[.。]$/);
      // One row that differs is enough to be read.
      expect(tableRows({ text: `${same}\n0,0,4`, target: 'c' }, wantsNumbers).task).toBe('regression');
    },
  );

  test('two columns of one name are both taken', () => {
    const text = [
      'a,a,c',
      ...Array.from({ length: 30 }, (_, i) => `${(i * i) % 7},${(i * i) % 11},${i % 2 ? 'x' : 'y'}`),
    ];
    expect(tableRows({ text: text.join('\n'), target: 'c' }, false).names).toHaveLength(2);
  });
});

test('a refusal without words of the page is framed where the page is not English', () => {
  const sentence = 'dense: units must be whole';
  const reason = { kind: 'unexplained', sentence } as const;
  expect(said(reason, en.refusals)).toBe(sentence);
  expect(spoken(said(reason, zh.refusals))).toEqual(['引擎的说明：', sentence, '']);
});
