/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a prediction stands behind the row after its own',
    file: 'lab/src/csv.ts',
    find: 'answers = cells(row)',
    replace: 'answers = cells(Math.max(0, row - 1))',
    mustFail: ['tests/lab/csv.test.ts', 'tests/lab/predict.test.ts'],
  },
  {
    name: 'probabilities are written with the digits of float64',
    file: 'lab/src/csv.ts',
    find: 'if (Math.fround(x) !== x) return String(x);',
    replace: 'return String(x);',
    mustFail: ['tests/lab/csv.test.ts'],
  },
  {
    name: 'predictions may replace the table that they are made from',
    file: 'lab/src/predict.ts',
    find: 'there.ino === read.ino',
    replace: 'there.ino === -1',
    mustFail: ['tests/lab/predict.test.ts'],
  },
  {
    name: 'columns without names are taken by their place although the target is not there',
    file: 'lab/src/predict.ts',
    find: 'trained.names.filter((name) => name !== encoder.targetName)',
    replace: 'trained.names.slice(0, -1)',
    mustFail: ['tests/lab/predict.test.ts'],
  },
  {
    name: 'what the test rows hold is known in training',
    file: 'lab/src/prepare.ts',
    find: 'encoder.fit(table, { rows: train.map((i) => rows[i]!) });',
    replace: 'encoder.fit(table);',
    mustFail: ['tests/lab/job.test.ts'],
  },
  {
    name: 'files that were written stay where another one fails',
    file: 'lab/src/write.ts',
    find: 'const rest = [...pending.map(({ temporary }) => temporary), ...renamed];',
    replace: 'const rest = [...renamed];',
    mustFail: ['tests/lab/write.test.ts'],
  },
  {
    name: 'a column whose name is a number is counted',
    file: 'lab/src/reading.ts',
    find: '!names.includes(text) && /^',
    replace: '/^',
    mustFail: ['tests/lab/train.test.ts'],
  },
  {
    name: 'the command line says missing where the library does',
    file: 'lab/src/words.ts',
    find: 'optionsTyped(flag === undefined ?',
    replace: 'String(flag === undefined ?',
    mustFail: ['tests/lab/words.test.ts'],
  },
];
