/** Runs in the page: measures what the page was asked for, shows it, and tells a browser that is driven from outside. */
import { sink } from '../sampler.ts';
import { renderMissingSection, renderModeSection } from './page.ts';
import { fileNameOf, type Message, type MissingMode, type ModeResults, type Request, type Results } from './results.ts';
import { measureMode } from './session.ts';

/** What Playwright puts into the page; a reader's browser has none. */
const { benchReport } = globalThis as { readonly benchReport?: (message: Message) => Promise<void> };

const element = (id: string): HTMLElement => document.getElementById(id)!;
const request = JSON.parse(element('request').textContent ?? '') as Request;
const modes: ModeResults[] = [];
const missing: MissingMode[] = [];
const date = new Date().toISOString();

function show(current?: ModeResults): void {
  const measured = current === undefined ? modes : [...modes, current];
  element('modes').innerHTML = [...measured.map(renderModeSection), ...missing.map(renderMissingSection)]
    .map(({ text }) => text)
    .join('');
}

function tell(message: Message): void {
  if (message.kind === 'progress') {
    const { text, detail } = message;
    element('progress').textContent = detail === '' ? text : `${text}: ${detail}`;
  }
  if (message.kind === 'mode') modes.push(message.results);
  if (message.kind === 'missing') missing.push(message.missing);
  if (message.kind !== 'progress') show();
  void benchReport?.(message);
}

function offerDownload(): void {
  const results: Results = { date, environment: null, settings: request.settings, modes, missing, sink: sink.total };
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(results, null, 1)}\n`], { type: 'application/json' }));
  link.download = fileNameOf(results);
  link.textContent = 'Download every sample as JSON';
  element('download').replaceChildren(link);
}

for (const mode of ['webgl2', 'webgpu'] as const) {
  await measureMode(mode, navigator.userAgent, request, { tell, show });
}
element('progress').textContent = 'Done.';
offerDownload();
tell({ kind: 'end', sink: sink.total });
