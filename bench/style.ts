/** The page's style: system fonts, one column on a telephone, light or dark as the reader's system has it. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2329; --soft: #5b6670; --line: #dde2e7;
  --ours: #2b6cb0; --peer: #b4540a; --hollow: #fbf1e7; --faster: #e3effb; --slower: #fbe9d9; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9ba6b1; --line: #2d343b;
    --ours: #6ba8e8; --peer: #f0a35e; --hollow: #2a2118; --faster: #1b2b3d; --slower: #3d2c1c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3.25rem 0 .4rem; }
h3 { font-size: 1rem; line-height: 1.35; margin: 1.5rem 0 .3rem; }
p, ul { max-width: 46rem; overflow-wrap: anywhere; }
.lead, .note, footer { color: var(--soft); }
.lead { max-width: none; }
.note { font-size: .85rem; line-height: 1.4; margin: .3rem 0; }
figure { margin: 1.25rem 0 0; }
.grid { display: grid; gap: .5rem 2.5rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 29rem), 1fr)); align-items: start; }
.panel { min-width: 0; }
svg.plot { display: block; width: 100%; height: auto; overflow: visible; fill: currentColor;
  --plot-background: var(--paper); font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
.panel svg.plot { max-width: 480px; }
main > svg.plot, figure svg.plot { max-width: 760px; }
svg.plot text { white-space: pre; }
.keys { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; font-size: .9rem; margin: 1.25rem 0 0; padding: 0; list-style: none; max-width: none; }
.keys li { display: flex; align-items: center; gap: .4rem; }
.keys svg.plot { width: 16px; height: 16px; flex: none; }
.scroll { overflow-x: auto; margin-top: .75rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; }
.number { text-align: right; white-space: nowrap; padding-left: .6rem; }
.faster { background: var(--faster); }
.slower { background: var(--slower); }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0 0; font-size: .95rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
dd ul { margin: 0; padding-left: 1.1rem; }
details { margin-top: .4rem; }
summary { cursor: pointer; font-size: .88rem; padding: .2rem 0; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .88rem; }
@media print { details > * { display: block; } }
`;
