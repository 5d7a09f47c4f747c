import { join } from 'node:path';
import { backend } from 'whittle-ml';
import { environment } from '../environment.ts';
import { exitCodeOf } from '../options.ts';
import type { Surroundings } from '../run.ts';
import { FASHION, readImages, some } from './images.ts';
import { HELP, type PapersOptions, parsePapersOptions } from './options.ts';
import type { Paper, Row } from './paper.ts';
import { NAMES, papersOf } from './papers.ts';
import { Progress } from './progress.ts';
import { machineOf, renderPaper } from './report.ts';
import { Store, write } from './store.ts';

/** Images that --quick leaves of each set. */
const FEW = { train: 2000, test: 1000 };

/**
 * Returns the exit code: 0, or 2 for a wrong option, missing images, results of other settings and a
 * folder that cannot be written to (one line on `errors`).
 * `fashion` is where Fashion-MNIST is looked for.
 */
export function run(args: readonly string[], surroundings: Surroundings, fashion = FASHION): Promise<number> {
  const { folder, output, errors } = surroundings;
  return exitCodeOf(
    async () => {
      const options = parsePapersOptions(args, folder, NAMES);
      if (options.help) output.write(HELP.replace('$NAMES', NAMES.join(', ')));
      else await runPapers(options, surroundings, fashion);
      return 0;
    },
    errors,
    'papers',
  );
}

interface Job {
  readonly paper: Paper;
  readonly store: Store;
  readonly seed: number;
  readonly row: Row;
}

async function runPapers(options: PapersOptions, { output, errors }: Surroundings, fashion: string): Promise<void> {
  const { mnist, only, seeds, quick } = options;
  const out = quick ? join(options.out, 'quick') : options.out;
  const all = await readImages(mnist, fashion);
  const images = quick ? { ...all, train: some(all.train, FEW.train), test: some(all.test, FEW.test) } : all;
  const papers = papersOf(only, quick).map((paper) => ({ paper, store: new Store(out, paper, images) }));
  const tables = (): string =>
    papers.map(({ paper, store }) => renderPaper(paper, store.cells, images, quick)).join('\n');
  const path = join(out, 'papers.md');
  write(path, tables()); // now, and not when the first row has been trained, it shows whether that is possible
  const machine = machineOf(environment(), backend().name);
  const sizes = `${images.train.labels.length} images to train on and ${images.test.labels.length} to test`;
  output.write(`${machine}\n${images.name}: ${sizes}\n\n`);
  const jobs = jobsOf(papers, seeds);
  const progress = new Progress(
    jobs.reduce((sum, { row }) => sum + row.cost, 0),
    (line) => errors.write(line),
  );
  for (const { paper, store, seed, row } of jobs) {
    const { name, cost } = row;
    const tell = (share: number): void => progress.at(`${paper.name}, seed ${seed}, ${name}`, cost, share);
    const start = performance.now();
    const outcome = row.run({
      images,
      seed,
      // A row ends when it has been judged
      tell: (share) => tell(Math.min(share, 0.999)),
      model: (key, make) => store.model(key, seed, make),
      keep: (key, file) => store.keep(key, seed, file),
    });
    store.add({ row: name, seed, ...outcome, seconds: (performance.now() - start) / 1000, machine });
    tell(1);
    write(path, tables());
  }
  output.write(`${tables()}\nTables: ${path}\n`);
}

/** What is left to do: a seed of every paper before the next seed, since one seed of all is of more use than all of one. */
function jobsOf(papers: readonly Pick<Job, 'paper' | 'store'>[], seeds: number): Job[] {
  return Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) =>
    papers.flatMap(({ paper, store }) =>
      paper.rows.filter(({ name }) => !store.has(name, seed)).map((row) => ({ paper, store, seed, row })),
    ),
  );
}
