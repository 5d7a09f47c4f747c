import { run } from './run.ts';

// A pager that is closed early, as by `| head`, does not end the run: the files are still to come.
process.stdout.on('error', () => {});

process.exitCode = await run(process.argv.slice(2), {
  // npm tells where it was called; the folder of the process may be another one.
  folder: process.env.INIT_CWD ?? process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
