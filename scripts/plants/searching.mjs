/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a search writes what is dominated, and not the front',
    file: 'lab/src/compress.ts',
    find: "(flags.save === 'front' && !isDominated)",
    replace: "(flags.save === 'front' && isDominated)",
    mustFail: ['tests/lab/compress.test.ts'],
  },
  {
    name: 'a network is judged by samples that may have trained it',
    file: 'lab/src/compress.ts',
    find: 'if (JSON.stringify(own) !== JSON.stringify(encoder))',
    replace: 'if (encoder === undefined)',
    mustFail: ['tests/lab/compress.test.ts'],
  },
  {
    name: 'a search does not say that it goes on',
    file: 'lab/src/compressing.ts',
    find: 'if (kept > 0) onResumed(kept);',
    replace: '',
    mustFail: ['tests/lab/compress.test.ts'],
  },
  {
    name: 'what is lost on the test samples is what was lost where it was chosen',
    file: 'lab/src/compressing.ts',
    find: 'test: lostIn(point.testDamage)',
    replace: 'test: lostIn(point.validationDamage)',
    mustFail: ['tests/lab/compress.test.ts'],
  },
  {
    name: 'the picture of the test samples is that of the validation samples',
    file: 'lab/src/page-compress.ts',
    find: "svg(sizeScores(report, 'test'))",
    replace: "svg(sizeScores(report, 'validation'))",
    mustFail: ['tests/lab/compress-page.test.ts'],
  },
  {
    name: 'a budget of 20kB has 20,480 bytes',
    file: 'lab/src/options.ts',
    find: 'kb: 1e3',
    replace: 'kb: 2 ** 10',
    mustFail: ['tests/lab/options.test.ts'],
  },
];
