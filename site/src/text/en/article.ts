/** Words of this part. Sentences with figures are functions of them. */
export const article = {
  title: 'Article',
  lead: (claims: number): string =>
    `What an introductory article on underfitting, overfitting and model compression says, held to measurement: ${claims} claims. Each is measured over five seeds, and holds only where the whole 95 % interval of its effect is large enough to matter.`,
  recorded: (version: string): string =>
    `The verdicts were recorded with whittle-ml ${version} in its quick form, which takes less data. “Run it here” measures a claim again in this browser: the same seeds give the same figures.`,
  notRecorded: 'No results are recorded in this build of the page. “Run it here” measures a claim in this browser.',
  loading: 'The claims are being read …',
  lost: (why: string): string =>
    why === 'worker'
      ? 'The claims cannot be shown, since the script that reads them did not load: look whether there is a connection, then try again.'
      : `The claims cannot be shown, since the script that reads them broke off (${why}): try again, or load the page anew.`,
  tryAgain: 'Try again',
  all: 'All',
  verdicts: { holds: 'Holds', fails: 'Does not hold', depends: 'Depends' },
  notMeasured: 'Not measured',
  filter: 'Show claims by their verdict',
  parts: { I: 'Part I: underfitting and overfitting', II: 'Part II: model compression' },
  section: (number: string, name: string): string => `${number} ${name}`,
  says: 'The article says',
  why: 'Why',
  effect: (what: string, found: string): string => `${what}: ${found}`,
  needed: (wanted: string): string => `To hold it needs ${wanted}.`,
  recordedHere: 'Recorded',
  measuredHere: 'In this browser',
  compared: 'What was compared: mean (95 % interval)',
  figure: 'Figure',
  sources: 'Sources',
  code: 'The code: the article’s way, and ours',
  before: 'In the spirit of the article (not run)',
  after: 'Ours, as it is run',
  clock: 'It rests on measured time: another machine may differ.',
  onlyFull: 'The quick form leaves it out, so nothing is recorded for it.',
  run: 'Run it here',
  runOf: (title: string): string => `Run it here: ${title}`,
  again: 'Run it again',
  stop: 'Stop',
  runShown: (count: number): string => (count === 1 ? 'Run this one here' : `Run these ${count} here`),
  waiting: 'Waiting',
  running: (done: number, of: number): string => `Seed ${done + 1} of ${of} …`,
  took: (seconds: string): string => `Measured in ${seconds} s.`,
  same: (of: number): string => `All ${of} figures are the recorded ones to the last bit.`,
  differs: (differing: number, of: number): string =>
    `${differing} of ${of} figures ${differing === 1 ? 'differs' : 'differ'} from the recorded ones: measured times always do, others because each browser has its own exponential and logarithm.`,
  failed: (message: string): string =>
    message === 'worker'
      ? 'It could not be measured, since the script that measures did not load: look whether there is a connection, then run it again.'
      : `It could not be measured: ${message}. Run it again; if that does not help, load the page anew.`,
  point: 'Point at the chart, or go through it by the arrow keys, to read its figures.',
  docs: 'Documentation',
  api: 'API reference',
};
