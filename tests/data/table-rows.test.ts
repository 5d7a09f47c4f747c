import { expect, test } from 'vitest';
import { readCSV, tableOf, tableRows } from '../../src/data/index.ts';

const text = 'a,b,c,d\n1,x,,-\n2,y,-,3\n,x,7,odd\nodd,z,8,-\n5,,9,4\n';
const lines = text.trim().split('\n');

test.each([undefined, ['odd', '9']])('rows of a table are what reading those lines gives, with marks %j', (na) => {
  const options = na === undefined ? {} : { na };
  const table = readCSV(text, options);
  const choices = [[0, 1, 2, 3, 4], [4, 0, 2], [3], [1, 1, 0], [0, 1, 4]];
  for (const rows of choices) {
    const own = tableRows(table, rows);
    const wanted = readCSV(`${[lines[0], ...rows.map((row) => lines[row + 1])].join('\n')}\n`, options);
    expect([own.rows, own.names]).toEqual([rows.length, wanted.names]);
    own.prepareTexts([0, 1]);
    for (let column = 0; column < 4; column++) {
      expect(own.column(column)).toEqual(wanted.column(column));
      expect(own.texts(column)).toEqual(wanted.texts(column));
    }
    rows.forEach((row, i) => {
      expect(own.line(i)).toBe(row + 2);
      expect(own.cells(i)).toEqual(table.cells(row));
    });
  }
});

test('rows of rows, of records, and none that are not there', () => {
  const table = tableOf([{ a: 1 }, { a: 2 }, { a: 3 }]);
  expect([...tableRows(tableRows(table, [2, 0]), [1, 0]).column(0).numbers]).toEqual([1, 3]);
  for (const row of [3, -1, 0.5, Number.NaN])
    expect(() => tableRows(table, [0, row])).toThrow(/row 1 must be an integer from 0 to 2/);
});
