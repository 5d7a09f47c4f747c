import { html, Markup } from 'whittle-cli/html';
import { STYLE } from '../style.ts';
import type { MissingMode, ModeResults, Request } from './results.ts';
import { HEADS, headOf, linesOf, remarksOf } from './table.ts';

/** What a page needs of the server: its scripts, connections to nobody, and room to compile WebAssembly. */
export const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data:";

/** The page before its script runs. */
export function renderShell(script: string, request: Request): string {
  // A text that is markup to no one but the script: "<" is all that could end it.
  const data = new Markup(JSON.stringify(request).replaceAll('<', '\\u003c'));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>whittle-ml: graphics processor</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}
.row th { padding-top: 1.2rem; font-size: .95rem; }
.software { background: var(--slower); padding: .5rem .8rem; }
</style>
</head>
<body>
<main>
<h1>whittle-ml: graphics processor</h1>
<p class="lead">Products of matrices, training and prediction on this machine's graphics processor, timed in turns with kernels on its processor, in this page. Nothing is sent anywhere. Keep the page in front until it is done.</p>
<p id="progress" role="status">Loading. Without a script nothing is measured.</p>
<p id="download"></p>
<div id="modes"></div>
<footer>Served by <code>npm run bench:gpu</code>; bench/README.md says what is timed and how.</footer>
</main>
<script type="application/json" id="request">${data}</script>
<script type="module" src="${script}"></script>
</body>
</html>
`.text;
}

/** A mode's table for a page. */
export function renderModeSection(results: ModeResults): Markup {
  const [device, ...facts] = headOf(results);
  const label = results.isSoftware ? 'software' : 'note';
  const heads = HEADS.map((head, i) => html`<th scope="col" class="${i === 0 ? '' : 'number'}">${head}</th>`);
  const body = results.rows.map(
    (row) =>
      html`<tr class="row"><th scope="rowgroup" colspan="${HEADS.length}">${row.name}</th></tr>${linesOf(row).map(
        ([name, ...cells]) =>
          html`<tr><td>${name!}</td>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>`,
      )}${remarksOf(row).map((remark) => html`<tr><td colspan="${HEADS.length}" class="note">${remark}</td></tr>`)}`,
  );
  return html`<h2>${device!}</h2>${facts.map((fact, i) => html`<p class="${i === 0 ? label : 'note'}">${fact}</p>`)}
<div class="scroll" tabindex="0" role="region" aria-label="${results.mode}"><table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export const renderMissingSection = ({ mode, reason }: MissingMode): Markup =>
  html`<h2>${mode} is missing</h2><p>${reason}</p>`;
