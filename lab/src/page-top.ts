import { dataFacts, type Ratio, whole } from './format.ts';
import { html, type Markup } from './html.ts';
import { details, list } from './parts.ts';
import type { JobReport } from './types.ts';

/** What the pages of all commands have at their top and their end. */

/** What is predicted, from what. */
export function predicted({ data }: Pick<JobReport, 'data'>): string {
  const kind = data.classes === null ? 'a number' : `one of ${data.classes.length} classes`;
  return `“${data.target}” is predicted, ${kind}, from ${whole(data.features)} features in ${whole(data.rows)} rows`;
}

/** A number that counts. */
export const tile = (number: string, words: string, detail: string): Markup =>
  html`<li><strong>${number}</strong> <b>${words}</b> <span>${detail}</span></li>`;

export const ratioTile = ({ number, words }: Ratio, detail: string): Markup => tile(`${number}×`, words, detail);

/** So many notes are shown at once. */
const FIRST = 6;

export function notes({ data }: Pick<JobReport, 'data'>): Markup {
  if (data.notes.length === 0) return html``;
  const rest = data.notes.slice(FIRST);
  return html`<aside aria-labelledby="notes"><h2 id="notes">What was done to the table</h2>${list(data.notes.slice(0, FIRST))}${
    rest.length === 0 ? '' : details(`${rest.length} more`, list(rest))
  }</aside>`;
}

export const aboutData = (report: Pick<JobReport, 'data'>): Markup =>
  details(
    'About the data',
    html`<dl>${dataFacts(report).map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl>`,
  );

/** What the script shows figures in. */
export const TIPS = html`<div id="tip" role="status" hidden></div><div id="ring" aria-hidden="true" hidden></div>`;
