/**
 * The page's style: system fonts, one column on a telephone, light or dark as the reader's system has it. Every colour
 * of text has at least 4.5 times the luminance of what it stands on, or a 4.5th of it.
 */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2329; --soft: #55606a; --line: #dde2e7; --tint: #f5f7f9;
  --train: #2b6cb0; --test: #b4540a; --gap: #7b8794; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9ba6b1; --line: #2d343b; --tint: #1b2026;
    --train: #6ba8e8; --test: #f0a35e; --gap: #8a96a3; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2.25rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; line-height: 1.3; margin: 3.5rem 0 .4rem; }
h3 { font-size: 1rem; line-height: 1.35; margin: 0; }
h3.apart { margin-top: 2.25rem; }
.text.apart { margin-top: 1.25rem; }
h4 { font-size: 1rem; line-height: 1.35; margin: 0 0 .3rem; overflow-wrap: anywhere; }
p, ul { max-width: 44rem; overflow-wrap: anywhere; }
.lead, figcaption, .note, cite { color: var(--soft); }
.note { font-size: .92rem; margin: .2rem 0 .75rem; }
header > .note, .lead { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .9rem; list-style: none; max-width: none; padding: 0; margin: 1.5rem 0 1.25rem; }
.tiles li { background: var(--tint); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem 1rem; min-width: 0; }
.tiles strong { display: block; font-size: clamp(2rem, 4.6vw, 3.1rem); line-height: 1.1; letter-spacing: -.02em; font-variant-numeric: tabular-nums; color: var(--train); }
.tiles b { display: block; font-weight: 600; }
.tiles span { display: block; font-size: .85rem; line-height: 1.4; color: var(--soft); margin-top: .2rem; }
.text p { margin: 0 0 .7rem; }
aside { background: var(--tint); border-left: 3px solid var(--gap); border-radius: 0 8px 8px 0; padding: .8rem 1.1rem; margin: 1.25rem 0; }
aside h2 { font-size: 1rem; margin: 0; }
aside ul { margin: .3rem 0 0; padding-left: 1.2rem; }
nav { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; margin-top: 1.1rem; }
figure { margin: 1.75rem 0 0; min-width: 0; }
figcaption { overflow-wrap: anywhere; font-size: .92rem; max-width: 44rem; margin-bottom: .75rem; }
figcaption h3 { color: var(--ink); margin-bottom: .1rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); }
.card { border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; min-width: 0; }
.card p { font-size: .9rem; line-height: 1.45; margin: 0 0 .5rem; }
.card details { margin-top: .5rem; font-size: .9rem; }
.card ul { margin: .2rem 0 0; padding-left: 1.1rem; }
cite { font-style: normal; font-size: .92em; }
cite::before { content: "("; } cite::after { content: ")"; }
.pair { display: grid; gap: 0 3rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); align-items: start; }
.pair > .text { margin-top: 1.75rem; }
.verdict { font-weight: 400; font-size: .85rem; color: var(--soft); border: 1px solid var(--line); border-radius: 99px; padding: .05rem .55rem; margin-left: .3rem; white-space: nowrap; }
svg.plot { display: block; width: 100%; height: auto; max-width: 33rem; overflow: visible; fill: currentColor; touch-action: pan-y;
  --plot-background: var(--paper); font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
svg.plot + .note { margin-top: 1rem; }
svg.plot text { white-space: pre; }
.part.faint { opacity: .18; }
.part.fore { stroke-opacity: 1; stroke-width: 2.2; }
:focus-visible { outline: 2px solid var(--train); outline-offset: 3px; border-radius: 3px; }
.keys { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; font-size: .88rem; margin: 0 0 .75rem; padding: 0; list-style: none; }
.keys svg { width: 1.75rem; height: .8rem; margin-right: .45rem; vertical-align: baseline; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.6rem, 1fr)); gap: .8rem .7rem; list-style: none; margin: 0; padding: 0; max-width: 33rem; }
.pictures svg { display: block; width: 100%; border: 1px solid var(--line); border-radius: 4px; fill: currentColor; shape-rendering: crispEdges; }
.pictures span { display: block; font-size: .8rem; line-height: 1.3; margin-top: .2rem; color: var(--soft); }
.sample { display: flex; flex-wrap: wrap; gap: .8rem 1.5rem; align-items: flex-start; margin-bottom: 1rem; }
.sample > svg { flex: none; width: 7rem; border: 1px solid var(--line); border-radius: 4px; fill: currentColor; shape-rendering: crispEdges; }
.sample > .text { flex: 1 1 18rem; } .sample > dl { margin: 0; font-size: .9rem; }
.pictures b { color: var(--ink); }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th { font-weight: 600; text-align: left; }
thead th { color: var(--soft); font-weight: 500; }
.sideways { margin-top: .5rem; overflow-x: auto; }
.cards th, .cards td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.cards th { white-space: nowrap; }
.cards .number { text-align: right; white-space: nowrap; }
.matrix { max-width: 33rem; }
.matrix table { width: 100%; table-layout: fixed; border-spacing: 2px; border-collapse: separate; font-size: .82rem; }
.matrix th:first-child { width: 8.5rem; overflow-wrap: anywhere; line-height: 1.2; padding-right: .3rem; }
.matrix.short th:first-child { width: 4rem; }
.matrix thead th, .matrix td { text-align: center; padding: .28rem 0; }
.matrix thead th:first-child { text-align: left; }
.matrix td { border-radius: 3px; background: var(--tint); }
.matrix .plain { color: var(--soft); }
.train { --hue: var(--train); } .test { --hue: var(--test); }
.matrix .l1 { background: color-mix(in srgb, var(--hue) 15%, var(--paper)); } .matrix .l2 { background: color-mix(in srgb, var(--hue) 26%, var(--paper)); }
.matrix .l3 { background: color-mix(in srgb, var(--hue) 37%, var(--paper)); } .matrix .l4 { background: color-mix(in srgb, var(--hue) 48%, var(--paper)); }
.words { font-size: .9rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.words ul { padding-left: 1.1rem; margin: .5rem 0 0; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: .4rem 0 0; font-size: .95rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 1rem; }
summary { cursor: pointer; font-weight: 600; padding: .35rem 0; }
a { color: var(--train); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .88rem; color: var(--soft); overflow-wrap: anywhere; }
#tip { position: fixed; z-index: 2; max-width: min(22rem, calc(100vw - 16px)); padding: .35rem .6rem; border-radius: 6px; pointer-events: none;
  background: var(--ink); color: var(--paper); font-size: .82rem; line-height: 1.4; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#ring { position: fixed; z-index: 1; transform: translate(-50%, -50%); border: 2px solid var(--ink); pointer-events: none; }
[hidden] { display: none; }
@media (max-width: 40rem) {
  main { padding: 1.5rem 1.1rem 3rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .tiles li { padding: .7rem .8rem .8rem; }
  .cards br { display: none; }
  .cards, .cards caption, .cards tbody, .cards tr, .cards th, .cards td { display: block; width: auto; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border: 1px solid var(--line); border-radius: 8px; padding: .5rem .8rem; margin-bottom: .7rem; }
  .cards th, .cards td { border: 0; padding: .1rem 0; white-space: normal; overflow-wrap: anywhere; }
  .cards td { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
  .cards td::before { content: attr(data-label); color: var(--soft); flex: none; }
  .matrix.many { display: none; }
  .matrix table { font-size: .72rem; border-spacing: 1px; }
  .matrix th:first-child { width: 5.6rem; }
  .matrix.short th:first-child { width: 2.8rem; }
}
@media print { details > * { display: block; } }
`;
