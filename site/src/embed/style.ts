/** The element's own style. A page may set the colours by the variables, which reach through the shadow's border. */
export const STYLE = `
:host {
  --paper: #ffffff;
  --ink: #1f2328;
  --quiet: #59636e;
  --line: #d5d3ce;
  --accent: #0b57d0;
  --first: #b4540a;
  --second: #0b6bcb;
  --bad: #c1121f;
  display: block;
  box-sizing: border-box;
  max-width: 420px;
  min-height: 300px;
  padding: 12px 14px 14px;
  color: var(--ink);
  background: var(--paper);
  border: 1px solid var(--line);
  border-radius: 8px;
  font: 15px/1.45 system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif;
  color-scheme: light dark;
}
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) {
  :host {
    --paper: #1c1f24;
    --ink: #e6e8eb;
    --quiet: #a2abb5;
    --line: #3a3f46;
    --accent: #8ab4f8;
    --first: #f4a261;
    --second: #76b7f7;
    --bad: #ff8078;
  }
}
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
canvas { display: block; width: 100%; }
.legend { display: flex; gap: 16px; margin: 4px 0 0; padding: 0; list-style: none; font-size: 13px; color: var(--quiet); }
.legend[hidden] { display: none; }
.legend li::before {
  content: '';
  display: inline-block;
  width: 22px;
  margin-right: 6px;
  vertical-align: middle;
  border-top: 2px solid var(--second);
}
.legend li + li::before { border-top: 2px dashed var(--first); }
p { margin: 8px 0; min-height: 1.45em; font-size: 13px; color: var(--quiet); font-variant-numeric: tabular-nums; }
p.bad { color: var(--bad); }
.said { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
.row { position: relative; display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
button, a { min-height: 44px; box-sizing: border-box; font: inherit; }
button {
  padding: 0 16px;
  color: var(--ink);
  background: none;
  border: 1px solid var(--line);
  border-radius: 8px;
  cursor: pointer;
}
button.main { min-width: 6em; color: var(--accent); border-color: var(--accent); font-weight: 600; }
button:disabled { opacity: 0.5; cursor: default; }
a { margin-left: auto; display: inline-flex; align-items: center; color: var(--accent); font-size: 13px; }
button:focus-visible, a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
