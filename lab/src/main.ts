#!/usr/bin/env node
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
  digits: fileURLToPath(new URL('./digits.csv.gz', import.meta.url)),
  // `npm start` runs in the root of the repository, and tells where it was called.
  folder: (process.env.npm_package_name === 'whittle-ml' ? process.env.INIT_CWD : undefined) ?? process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
