import { run } from './run.ts';

// A pager that is closed early, as by `| head`, does not end the run.
process.stdout.on('error', () => {});

process.exitCode = await run(process.argv.slice(2), { output: process.stdout, errors: process.stderr });
