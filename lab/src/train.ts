import { basename, dirname, join, resolve } from 'node:path';
import { inShell } from './format.ts';
import { modelFile, modelPath, SHIPPED, SMALLEST } from './models.ts';
import { checkNetwork } from './networks.ts';
import type { TrainFlags } from './options.ts';
import { prepare } from './prepare.ts';
import { showProgress } from './progress.ts';
import { inWords, readTraining } from './reading.ts';
import { chooseKernels, openPage } from './running.ts';
import type { Surroundings } from './surroundings.ts';
import { renderTables } from './tables.ts';
import { sentencesOf } from './words.ts';
import { checkFolder, writeFiles } from './write.ts';

/** Runs the job on a table and writes the report and the networks. Whatever can be wrong is found before training begins. */
export async function train(file: string | undefined, flags: TrainFlags, around: Surroundings): Promise<void> {
  chooseKernels(flags);
  const out = resolve(around.folder, flags.out);
  const data = await readTraining(file, flags, around);
  checkNetwork(data, flags.model);
  await checkFolder(out, ['report.json', 'index.html', SMALLEST, ...SHIPPED.map(modelPath)]);
  const { renderPage } = await import('./page.ts');
  const { epochs, model, image, criteria, students, smallest } = flags;
  const as = model === 'mlp' && image === undefined ? 'columns' : 'images';
  const { notes } = inWords(data.name, () => prepare(data, flags.seed, as));
  for (const sentence of sentencesOf(notes, 'train')) around.output.write(`${sentence}\n`);
  const progress = showProgress(flags.progress, around.output);
  const seeds = Array.from({ length: flags.seeds }, (_, i) => flags.seed + i);
  const options = {
    seeds,
    epochs,
    model,
    as,
    light: flags.light && data.image !== null,
    criteria,
    students,
    smallest,
  } as const;
  const { report, networks } = await around.runJob(data, options, progress).finally(progress.end);
  const models = networks.map(
    (network) =>
      [
        modelPath(network.name),
        modelFile(network, data.table, flags, network.name === 'smallest' ? 'range' : 'none'),
      ] as const,
  );
  await writeFiles(out, {
    'report.json': `${JSON.stringify(report, null, 2)}\n`,
    'index.html': renderPage(report),
    ...Object.fromEntries(models),
  });
  const page = join(out, 'index.html');
  const best = join(out, modelPath(report.recommendation.form));
  around.output.write(`\n${renderTables(report)}\n`);
  if (models.length > 0) {
    const names = models.map(([path]) => basename(path)).join(', ');
    around.output.write(
      `Networks in ${dirname(best)}, with their encoder, which is not in the bytes above: ${names}\n`,
    );
    if (file !== undefined)
      around.output.write(`To use the recommended one: npx whittle-cli predict ${inShell(best)} new.csv\n`);
  }
  around.output.write(`Report: ${page}\n`);
  await openPage(page, flags, around);
}
