import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { comparisons } from '../compare.ts';
import { inChromium } from '../drive.ts';
import { environment } from '../environment.ts';
import { BENCH } from '../folder.ts';
import { machine } from '../format.ts';
import { imageInferenceRows } from '../image-inference.ts';
import type { RowResult } from '../measure.ts';
import { chosenOf, exitCodeOf, FULL, parse, QUICK } from '../options.ts';
import { installedVersion } from '../peer.ts';
import { INSTALL, Peers } from '../peers.ts';
import { renderComparisons, renderFailures, renderRow } from '../report.ts';
import type { Surroundings } from '../run.ts';
import { type Served, serve } from '../serve.ts';
import type { Message, Request } from './messages.ts';

export const HELP = `Usage: npm run bench:page -- [options]

Times inference of networks for images in a page of a headless Chromium, in turns with LiteRT.js in the same page.

  --filter <text>   only rows whose name contains the text, such as "CNN" or "batch 1"
  --quick           fewer and shorter samples, and without a filter fewer rows
  --help            this text
`;

const PACKAGE = '@litertjs/core';
const OPTIONS = {
  filter: { type: 'string' },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

type Output = Pick<Surroundings, 'output' | 'errors'>;

/**
 * Returns the exit code: 0, 1 when a variant of ours computes something wrong or nothing could be measured, 2 for a wrong
 * option (one line on `errors`).
 */
export function run(
  args: readonly string[],
  surroundings: Output,
  versionOf: typeof installedVersion = installedVersion,
): Promise<number> {
  return exitCodeOf(async () => {
    const { filter = '', quick, help } = parse(args, OPTIONS);
    if (help) {
      surroundings.output.write(HELP);
      return 0;
    }
    const rows = chosenOf(imageInferenceRows([], new Peers()), { filter, quick });
    const version = versionOf(PACKAGE);
    if (version === null) {
      surroundings.errors.write(`bench: LiteRT.js is missing: ${INSTALL}\n`);
      return 1;
    }
    const request: Request = { rows: rows.map(({ name }) => name), settings: quick ? QUICK : FULL };
    return measured(request, version, surroundings);
  }, surroundings.errors);
}

/** LiteRT.js lies beside the page, all its builds: it asks for the one that the browser can run. */
function served(request: Request): Promise<Served> {
  const folder = new URL(`peers/node_modules/${PACKAGE}/wasm/`, BENCH);
  const data = JSON.stringify(request).replaceAll('<', '\\u003c');
  return serve({
    shell: `<!doctype html><html lang="en"><title>whittle-ml</title><link rel="icon" href="data:,"><body>
<script type="application/json" id="request">${data}</script><script type="module" src="/page.js"></script>`,
    modules: {
      page: fileURLToPath(new URL('browser.js', import.meta.url)),
      litert: fileURLToPath(new URL('peers/litert.mjs', BENCH)),
    },
    files: new Map(readdirSync(folder).map((name) => [`/litert/${name}`, new URL(name, folder)])),
    // Its scripts make functions out of text.
    policy: "default-src 'self' 'unsafe-eval'; img-src data:",
  });
}

async function measured(request: Request, version: string, { output, errors }: Output): Promise<number> {
  const stamp = environment();
  output.write(`${machine(stamp)}\nLiteRT.js ${version}\n`);
  const rows: RowResult[] = [];
  let facts: readonly string[] = [];
  let sink = 0;
  const tell = (message: Message): void => {
    if (message.kind === 'end') sink = message.sink;
    else if (message.kind === 'start') {
      facts = message.facts;
      output.write(`${facts.join('\n')}\n\n`);
    } else {
      rows.push(message.result);
      output.write(`${renderRow(message.result, null)}\n`);
    }
  };
  const problem = await inChromium(
    () => served(request),
    () => [],
    tell,
  );
  const compared = comparisons(rows);
  output.write(renderComparisons(compared));
  if (rows.length > 0) {
    const folder = new URL('report/', BENCH);
    mkdirSync(folder, { recursive: true });
    const path = fileURLToPath(new URL('page-results.json', folder));
    const results = { environment: stamp, facts, version, ...request, rows, comparisons: compared, sink };
    writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
    output.write(`\nSamples: ${path}\n`);
  }
  if (problem !== null) errors.write(`bench: ${problem}\n`);
  const wrong = rows.flatMap(({ failures }) => failures.filter(({ ours }) => ours));
  errors.write(renderFailures(wrong));
  return problem !== null || wrong.length > 0 ? 1 : 0;
}
