// The reference of the API by TypeDoc, of the entry points that package.json exports. A warning, such as a link in a
// docstring that leads nowhere, fails. Usage: node scripts/site-api.mjs [--out site/dist]
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The source of each entry point. `min` is the whole library again, as one file without types of its own. */
export function entrySources({ exports }) {
  return Object.entries(exports).flatMap(([name, { types } = {}]) =>
    types === undefined || name === './min' ? [] : [types.replace(/^\.\/dist\//, '').replace(/\.d\.ts$/, '.ts')],
  );
}

export async function buildApi(out) {
  const { Application } = await import('typedoc');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const app = await Application.bootstrap({
    name: manifest.name,
    includeVersion: true,
    entryPoints: entrySources(manifest).map((path) => join(root, path)),
    tsconfig: join(root, 'site', 'docs', 'tsconfig.api.json'),
    readme: 'none',
    disableSources: true, // the repository has no public address to link to
    disableGit: true,
    excludePrivate: true,
    excludeInternal: true,
    hideGenerator: true,
    navigation: { includeFolders: false },
    navigationLinks: { Lab: '../', Docs: '../docs/' },
    // Types that signatures name and no entry point exports: they are shown where they stand.
    validation: {
      notExported: false,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
      unusedMergeModuleWith: true,
    },
    treatWarningsAsErrors: true,
    logLevel: 'Warn',
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc: the sources do not compile');
  // Modules are called as they are imported, and not by where their sources lie.
  for (const module of project.children ?? []) {
    module.name = module.name.replace(/^src$/, manifest.name).replace(/^(?:src\/)?(?=[a-z]+$)/, `${manifest.name}/`);
  }
  app.validate(project);
  await app.generateDocs(project, join(out, 'api'));
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('TypeDoc: see the warnings above');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    const { values } = parseArgs({ options: { out: { type: 'string' } } });
    await buildApi(resolve(root, values.out ?? 'site/dist'));
  } catch (error) {
    console.error(`api: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
