import { html, Markup } from './html.ts';

/** What the sections of the page are made of. */
export const svg = (text: string): Markup => new Markup(text);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export function figure(title: string, caption: string, content: Markup): Markup {
  return html`<figure><figcaption><h3>${title}</h3>${caption}</figcaption>${content}</figure>`;
}

export const details = (summary: string, content: Markup): Markup =>
  html`<details><summary>${summary}</summary>${content}</details>`;

export const paragraphs = (texts: readonly string[]): Markup => html`${texts.map((text) => html`<p>${text}</p>`)}`;

export const list = (texts: readonly (string | Markup)[]): Markup =>
  html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`;

const mark = (content: string): Markup => new Markup(`<svg viewBox="0 0 28 12" aria-hidden="true">${content}</svg>`);

/** What stands for what, above a chart. */
export const MARKS = {
  trainLine: mark('<path d="M0 6H28" stroke="var(--train)" stroke-width="2"/>'),
  testLine: mark('<path d="M0 6H28" stroke="var(--test)" stroke-width="2" stroke-dasharray="5 3"/>'),
  lowest: mark('<circle cx="14" cy="6" r="4" stroke="var(--test)" stroke-width="1.5" fill="var(--paper)"/>'),
  trainDot: mark('<circle cx="14" cy="6" r="4.5" fill="var(--train)"/>'),
  testDot: mark('<circle cx="14" cy="6" r="4.5" stroke="var(--test)" stroke-width="1.8" fill="var(--paper)"/>'),
  hollowDot: mark('<circle cx="14" cy="6" r="4.5" stroke="var(--train)" stroke-width="1.8" fill="var(--paper)"/>'),
  grayDot: mark('<circle cx="14" cy="6" r="3.5" stroke="var(--gap)" stroke-width="1.6" fill="var(--paper)"/>'),
  ring: mark('<circle cx="14" cy="6" r="5.2" stroke="currentColor" stroke-width="1.4" fill="none"/>'),
  square: mark('<path d="M9.5 1.5H18.5V10.5H9.5z" fill="currentColor"/>'),
  diamond: mark('<path d="M14 1L19 6L14 11L9 6z" fill="var(--test)"/>'),
  triangle: mark('<path d="M14 1L19.2 10H8.8z" fill="var(--train)"/>'),
  gap: mark('<path d="M0 6H28" stroke="var(--gap)" stroke-width="2"/>'),
  seeds: mark('<path d="M2 6H26" stroke="var(--gap)" stroke-width="8" stroke-opacity=".35"/>'),
  whisker: mark('<path d="M2 6H26M2 2V10M26 2V10" stroke="currentColor"/>'),
  bar: mark('<path d="M0 1H28V11H0z" fill="var(--train)"/>'),
  grayBar: mark('<path d="M0 1H28V11H0z" fill="var(--gap)"/>'),
  hollowBar: mark('<path d="M.6 1.6H27.4V10.4H.6z" fill="var(--paper)" stroke="var(--train)" stroke-width="1.2"/>'),
  outline: mark('<path d="M0 11H8V4H20V8H28" fill="none" stroke="currentColor"/>'),
} as const;

/** What stands for a box of these colours. */
export const boxMark = ({ fill, stroke }: { readonly fill: string; readonly stroke: string }): Markup =>
  mark(`<path d="M.6 1.6H27.4V10.4H.6z" fill="${fill}" stroke="${stroke}" stroke-width="1.2"/>`);

export const keys = (...entries: readonly (readonly [Markup, string])[]): Markup =>
  html`<ul class="keys">${entries.map(([sign, text]) => html`<li>${sign}${text}</li>`)}</ul>`;

export interface Column<T> {
  readonly title: string;
  readonly number?: boolean;
  readonly cell: (row: T) => string | Markup;
}

/** A figure of several seeds in two lines: its mean, and its range. */
const inLines = (text: string): Markup =>
  html`${text.split(/(?= \()/).map((line, i) => (i === 0 ? line : html`<br>${line}`))}`;

/**
 * A table whose rows become cards on a narrow screen, and that scrolls by itself where it is too wide. The roles are named since a browser forgets them once rows are
 * laid out as blocks.
 */
export function table<T>(caption: string, rows: readonly T[], columns: readonly Column<T>[]): Markup {
  const kind = (c: Column<T>): Markup => (c.number ? html` class="number"` : html``);
  const content = (row: T, c: Column<T>): string | Markup => {
    const shown = c.cell(row);
    return c.number && typeof shown === 'string' ? inLines(shown) : shown;
  };
  const cell = (row: T, c: Column<T>, i: number): Markup =>
    i === 0
      ? html`<th scope="row" role="rowheader"${kind(c)}>${content(row, c)}</th>`
      : html`<td role="cell" data-label="${c.title}"${kind(c)}>${content(row, c)}</td>`;
  const head = columns.map((c) => html`<th scope="col" role="columnheader"${kind(c)}>${c.title}</th>`);
  const body = rows.map((row) => html`<tr role="row">${columns.map((c, i) => cell(row, c, i))}</tr>`);
  return html`<div class="sideways" tabindex="0" role="group" aria-label="${caption}"><table class="cards" role="table"><caption>${caption}</caption><thead role="rowgroup"><tr role="row">${head}</tr></thead><tbody role="rowgroup">${body}</tbody></table></div>`;
}

export interface Cell {
  readonly text: string;
  /** The whole figure, for pointer, finger and keyboard. */
  readonly tip: string;
  readonly colour: 'train' | 'test' | 'none';
  /** From 0 to 1. */
  readonly strength: number;
}

/** Shades of a cell: few, so that they are classes of the style and not styles of their own. */
const SHADES = 4;

const isShort = ({ name }: { readonly name: string | Markup }): boolean => typeof name === 'string' && name.length <= 3;

/** A table of small coloured cells, one spot for the keyboard. */
export function matrix(
  caption: string,
  corner: string,
  columns: readonly string[],
  rows: readonly { readonly name: string | Markup; readonly cells: readonly Cell[] }[],
): Markup {
  const cell = ({ text, tip, colour, strength }: Cell): Markup => {
    const level = colour === 'none' ? 0 : Math.ceil(SHADES * Math.min(1, Math.max(0, strength)));
    return html`<td class="${level === 0 ? 'plain' : `${colour} l${level}`}" data-tip="${tip}">${text}</td>`;
  };
  return html`<div class="matrix${rows.every(isShort) ? ' short' : ''}${columns.length > MANY ? ' many' : ''}" tabindex="0" role="group" aria-label="${caption}" data-spots><table><caption class="hidden">${caption}</caption><thead><tr><th scope="col">${corner}</th>${columns.map(
    (name) => html`<th scope="col">${name}</th>`,
  )}</tr></thead><tbody>${rows.map(
    ({ name, cells }) => html`<tr><th scope="row">${name}</th>${cells.map(cell)}</tr>`,
  )}</tbody></table></div>`;
}

/** More columns do not fit on a telephone: there the words below stand for the matrix. */
export const MANY = 12;

/** Short names of classes for the heads of columns: themselves, or letters where some are long. */
export function headsOf(names: readonly string[]): readonly string[] {
  const isShort = names.every((name) => name.length <= 3);
  return isShort ? names : names.map((_, i) => String.fromCharCode(65 + i));
}
