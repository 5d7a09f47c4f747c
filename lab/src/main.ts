import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from './cli.ts';
import { DEFAULT_EPOCHS, runJob } from './job.ts';
import { openFile } from './open.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader that closes the pipe early, such as `head`, must not cost the report.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), {
  runJob,
  open: openFile,
  defaultEpochs: DEFAULT_EPOCHS,
  version,
  digits: fileURLToPath(new URL('../../data/digits.csv.gz', import.meta.url)),
  // npm tells where it was called; the folder of the process may be another one.
  folder: process.env.INIT_CWD ?? process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
