import { run } from './run.ts';

process.exitCode = await run(process.argv.slice(2), {
  // npm tells where it was called; the folder of the process may be another one.
  folder: process.env.INIT_CWD ?? process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
