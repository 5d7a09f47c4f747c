import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../lab/src/cli.ts';
import { runJob } from '../../lab/src/job.ts';
import type { Surroundings } from '../../lab/src/surroundings.ts';

export const DIGITS = fileURLToPath(new URL('../../data/digits.csv.gz', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command, called from `folder` in this process; `instead` replaces what it gets from outside. */
export async function whittle(
  folder: string,
  args: readonly string[],
  instead: Partial<Surroundings> = {},
): Promise<Ended> {
  let out = '';
  let err = '';
  const output = new PassThrough();
  output.on('data', (data: Buffer) => {
    out += data.toString();
  });
  const code = await run(args, {
    runJob,
    open: () => Promise.reject(new Error('nothing is opened in tests')),
    defaultEpochs: 60,
    version: '0.1.0',
    digits: DIGITS,
    folder,
    output,
    errors: {
      write: (text) => {
        err += text;
      },
    },
    ...instead,
  });
  await new Promise((resolve) => output.end(resolve));
  return { code, out, err };
}
