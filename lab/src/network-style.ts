/** What the page of a network has besides the style of all pages. */
export const STYLE = `
.about { grid-template-columns: repeat(3, max-content); grid-auto-flow: column; grid-template-rows: auto auto; gap: 0 2.5rem; margin: 1.1rem 0 0; }
.about dt { font-size: .85rem; }
.about dd { font-variant-numeric: tabular-nums; }
.wrong { color: var(--test); font-weight: 600; }
main h2 { margin-top: 2.25rem; }
.both { display: grid; gap: 0 3.5rem; grid-template-columns: minmax(0, 1fr); }
form { display: grid; gap: 1rem 1.25rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12rem), 1fr)); margin-top: .75rem; align-items: start; }
.field { min-width: 0; }
.field .note { margin: .2rem 0 0; font-size: .82rem; overflow-wrap: anywhere; }
.field.out .note { color: var(--test); font-weight: 600; }
label { font-weight: 600; overflow-wrap: anywhere; }
.field label, #out label, p > label[for="rows"] { display: block; margin-bottom: .25rem; }
input, select, textarea, button { font: inherit; color: inherit; }
input[type="number"], input[type="date"], select, textarea { width: 100%; background: var(--paper); border: 1px solid var(--gap); border-radius: 6px; padding: .4rem .6rem; min-height: 2.6rem; }
textarea { font: .85rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; resize: vertical; max-width: none; }
button { background: var(--tint); border: 1px solid var(--gap); border-radius: 6px; padding: .4rem .9rem; min-height: 2.6rem; cursor: pointer; }
button:hover { border-color: var(--ink); }
.tools { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; max-width: none; }
.tools select { width: auto; max-width: 100%; }
.tools label:has(input) { font-weight: 400; font-size: .92rem; }
input[type="checkbox"] { width: 1.1rem; height: 1.1rem; vertical-align: -.18rem; margin: 0 .3rem 0 0; accent-color: var(--train); }
input[type="file"] { max-width: 100%; min-width: 0; font-size: .92rem; color: var(--soft); }
input[type="file"]::file-selector-button { font: inherit; color: var(--ink); background: var(--tint); border: 1px solid var(--gap); border-radius: 6px; padding: .4rem .9rem; min-height: 2.6rem; margin-right: .8rem; cursor: pointer; }
#said { font-size: 1.6rem; line-height: 1.25; font-weight: 600; margin: .75rem 0 1rem; letter-spacing: -.01em; overflow-wrap: anywhere; min-height: 2.5rem; }
#said.wrong { font-size: 1rem; }
#bars { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem .9rem; grid-template-columns: minmax(2rem, max-content) minmax(4rem, 1fr) max-content; align-items: center; max-width: 44rem; }
#bars li { display: contents; }
#bars .name { max-width: 12rem; overflow-wrap: anywhere; line-height: 1.25; }
#bars .best { font-weight: 600; }
#bars .track { height: 1rem; background: var(--tint); border: 1px solid var(--line); border-radius: 4px; overflow: hidden; }
#bars .fill { display: block; height: 100%; background: var(--gap); }
#bars .best .fill, #bars .fill.best { background: var(--train); }
#bars .share { font-variant-numeric: tabular-nums; text-align: right; }
#paper { display: block; width: min(100%, 20rem); border: 1px solid var(--gap); border-radius: 8px; background: var(--tint); touch-action: none; cursor: crosshair; }
#pen { min-height: 1.4rem; margin: .2rem 0 .3rem; }
#pen + .tools, .tools + .tools { margin: .5rem 0 0; }
.becomes { margin-top: 1.5rem; }
.seen { display: flex; flex-wrap: wrap; gap: .8rem 1.25rem; align-items: flex-start; margin-top: 0; }
.seen canvas { width: 6rem; flex: none; border: 1px solid var(--line); border-radius: 4px; image-rendering: pixelated; }
.seen figcaption { flex: 1 1 14rem; margin: 0; }
#numbers { display: block; white-space: pre; font: .8rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
#drop.over { outline: 2px dashed var(--train); outline-offset: .75rem; border-radius: 2px; }
#out, p:has(> textarea) { max-width: none; }
@media (min-width: 56rem) {
  .both { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .answer { position: sticky; top: 0; align-self: start; grid-column: 2; grid-row: 1 / span 2; }
  .becomes { grid-column: 1; }
}
@media (max-width: 40rem) { .about { grid-template-columns: max-content 1fr; grid-auto-flow: row; grid-template-rows: none; gap: .1rem 1.25rem; } }
`;
