import { STYLE as SHARED } from '../style.ts';

/** What this page has besides the style of all pages. Colours of verdicts have 4.5 times the contrast, or a 4.5th of it. */
export const STYLE = `${SHARED}
:root { --holds: #1a6e3c; --fails: #b3261e; --depends: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --holds: #6fcf97; --fails: #ff8a80; --depends: #f2c063; } }
html[lang="en"] body [lang="zh"]:not(button), html[lang="zh"] body [lang="en"]:not(button) { display: none; }
html[lang="zh"] body { font-family: system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; line-height: 1.7; }
html[lang="zh"] svg.plot { font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
.holds { --hue: var(--holds); } .fails { --hue: var(--fails); } .depends { --hue: var(--depends); }
.top { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1rem; }
.top .note { margin: 0; }
.switch:not([hidden]) { display: inline-flex; }
.switch { border: 1px solid var(--line); border-radius: 99px; overflow: hidden; }
.switch button { font: inherit; font-size: .9rem; line-height: 1.4; border: 0; padding: .35rem .95rem; min-height: 2rem; background: none; color: var(--ink); cursor: pointer; }
.switch button[aria-pressed="true"] { background: var(--ink); color: var(--paper); }
.switch button:focus-visible { outline-offset: -4px; border-radius: 99px; }
.tiles.three { grid-template-columns: repeat(3, 1fr); }
.tiles b span { display: inline; font-size: inherit; color: inherit; }
.tiles strong { color: var(--hue, var(--ink)); }
.tiles li { border-top: 3px solid var(--hue, var(--gap)); }
article { border: 1px solid var(--line); border-left: 4px solid var(--hue); border-radius: 10px; padding: 1.1rem 1.25rem 1.2rem; margin-top: 1.25rem; min-width: 0; }
article h3 { font-size: 1.15rem; overflow-wrap: anywhere; }
article .note { margin: .15rem 0 0; }
article h4 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: 1.1rem 0 .15rem; }
article p { margin: 0; }
article svg.plot { max-width: 27rem; }
article figure { margin-top: 1.1rem; }
article dl { font-size: .92rem; font-variant-numeric: tabular-nums; grid-template-columns: minmax(0, auto) minmax(0, 1fr); }
article .cited { margin: .6rem 0 0; padding: 0; list-style: none; font-size: .88rem; color: var(--soft); }
blockquote { margin: 0; padding-left: .9rem; border-left: 3px solid var(--line); }
.ruling { display: inline-block; color: var(--hue); border: 1.5px solid var(--hue); border-radius: 99px; padding: .1rem .75rem; margin: .55rem 0 0; font-weight: 650; font-size: .92rem; }
article .pair > * { min-width: 0; }
pre { margin: .3rem 0 0; padding: .75rem .9rem; background: var(--tint); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; line-height: 1.5; }
@media (max-width: 40rem) { .tiles.three li { padding: .6rem .55rem; } article { padding: .9rem .9rem 1rem; } pre { padding: .6rem .65rem; } article dl { grid-template-columns: 1fr; gap: 0; } article dd { margin-bottom: .45rem; } }
`;
