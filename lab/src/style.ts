/** The page's style: system fonts, one column on a telephone, light or dark as the reader's system has it. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2329; --soft: #5b6670; --line: #dde2e7; --tint: #f5f7f9;
  --train: #2b6cb0; --test: #b4540a; --hollow: #fbe9d9; --gap: #7b8794; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181c; --ink: #e4e8ec; --soft: #9ba6b1; --line: #2d343b; --tint: #1b2026;
    --train: #6ba8e8; --test: #f0a35e; --hollow: #3d2c1c; --gap: #8a96a3; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3.25rem 0 .4rem; }
h3 { font-size: 1rem; line-height: 1.35; margin: 0; }
p, ul { max-width: 44rem; overflow-wrap: anywhere; }
.lead, figcaption, .note { color: var(--soft); }
.findings { padding: 1rem 1.25rem 1rem 2.25rem; margin: 1.5rem 0 0; background: var(--tint); border-left: 3px solid var(--train);
  border-radius: 0 6px 6px 0; max-width: none; }
.findings li + li { margin-top: .35rem; }
figure { margin: 1.75rem 0 0; }
figcaption { font-size: .92rem; max-width: 44rem; margin-bottom: .75rem; }
figcaption h3 { color: var(--ink); margin-bottom: .1rem; }
.grid { display: grid; gap: 1.5rem 2rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18.5rem), 1fr)); }
.pair { display: grid; gap: 0 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); align-items: start; }
.panel { min-width: 0; }
.panel p { font-size: .85rem; line-height: 1.4; margin: .1rem 0 .3rem; }
.panel .name { font-weight: 600; margin: 0; font-size: .95rem; }
.verdict { font-weight: 400; color: var(--soft); }
svg.plot { display: block; width: 100%; height: auto; max-width: 32rem; overflow: visible; fill: currentColor;
  --plot-background: var(--paper); font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
svg.plot text { white-space: pre; }
.keys { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; font-size: .88rem; margin: 0 0 .75rem; padding: 0; list-style: none; }
.keys svg { width: 1.75rem; height: .8rem; margin-right: .45rem; vertical-align: baseline; }
.scroll { overflow-x: auto; margin-top: 1.75rem; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; white-space: nowrap; }
td:last-child:not(.number) { min-width: 14rem; }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0 0; font-size: .95rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 1rem; }
summary { cursor: pointer; font-weight: 600; padding: .35rem 0; }
a { color: var(--train); }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .88rem; color: var(--soft); }
@media print { details > * { display: block; } }
`;
