import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A pager that is closed early does not end the run: the files are still to come.
process.stdout.on('error', () => {});

process.exitCode = await run(process.argv.slice(2), {
  // npm runs this in the root of the repository, and tells where it was called.
  folder: process.env.INIT_CWD ?? process.cwd(),
  version,
  digits: fileURLToPath(new URL('../digits.csv.gz', import.meta.url)),
  output: process.stdout,
  errors: process.stderr,
});
