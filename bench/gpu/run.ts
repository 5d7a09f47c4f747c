import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environment } from '../environment.ts';
import { BENCH } from '../folder.ts';
import { chosenOf, exitCodeOf } from '../options.ts';
import { renderFailures } from '../report.ts';
import type { Surroundings } from '../run.ts';
import { type GpuBenchOptions, HELP, parseGpuOptions } from './options.ts';
import { renderMissing, renderMode } from './report.ts';
import { fileNameOf, type Message, type MissingMode, type ModeResults, type Request, type Results } from './results.ts';
import { serve } from './serve.ts';
import { deviceRows } from './session.ts';
import { inChromium, inNode } from './surroundings.ts';

type Output = Pick<Surroundings, 'output' | 'errors'>;

/**
 * Returns the exit code: 0, 1 when a variant computes something wrong or nothing could be measured, 2 for a wrong option
 * (one line on `errors`).
 */
export function run(args: readonly string[], surroundings: Output): Promise<number> {
  return exitCodeOf(async () => {
    const options = parseGpuOptions(args);
    if (options.help) {
      surroundings.output.write(HELP);
      return 0;
    }
    const rows = chosenOf(deviceRows, options).map(({ name }) => name);
    const request: Request = { rows, settings: options.settings };
    return options.serve ? serveUntilInterrupted(request, surroundings) : measureAll(request, options, surroundings);
  }, surroundings.errors);
}

async function serveUntilInterrupted(request: Request, { output }: Output): Promise<number> {
  const { address, close } = await serve(request);
  output.write(`${address}\nOpen it in the browser whose graphics processor you want to see. Ctrl-C ends this.\n`);
  await new Promise((resolve) => process.once('SIGINT', resolve));
  close();
  return 0;
}

async function measureAll(
  request: Request,
  { hardware, save }: GpuBenchOptions,
  { output, errors }: Output,
): Promise<number> {
  const stamp = environment();
  const modes: ModeResults[] = [];
  const missing: MissingMode[] = [];
  let sink = 0;
  const lack = (mode: MissingMode): void => {
    missing.push(mode);
    output.write(`${renderMissing(mode)}\n`);
  };
  const tell = (message: Message): void => {
    if (message.kind === 'progress') errors.write(message.detail === '' ? `${message.text}\n` : '');
    else if (message.kind === 'missing') lack(message.missing);
    else if (message.kind === 'end') sink += message.sink;
    else {
      modes.push(message.results);
      output.write(`${renderMode(message.results)}\n`);
    }
  };
  const inPage = await inChromium(request, hardware, tell);
  const lost = (['webgl2', 'webgpu'] as const).slice(modes.length + missing.length);
  if (inPage !== null) for (const mode of lost) lack({ mode, where: 'Chromium', reason: inPage });
  const byDawn = await inNode(request, hardware, tell);
  if (byDawn !== null) lack({ mode: 'webgpu', where: `Node ${process.versions.node}`, reason: byDawn });
  if (save && modes.length > 0) {
    const { date } = stamp;
    const results: Results = { date, environment: stamp, settings: request.settings, modes, missing, sink };
    const folder = new URL('results/', BENCH);
    mkdirSync(folder, { recursive: true });
    const path = fileURLToPath(new URL(fileNameOf(results), folder));
    writeFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
    output.write(`Samples: ${path}\n`);
  }
  const wrong = modes.flatMap(({ rows }) => rows.flatMap(({ failures }) => failures));
  errors.write(renderFailures(wrong));
  return wrong.length > 0 || modes.length === 0 ? 1 : 0;
}
