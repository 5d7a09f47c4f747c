import { basename, dirname, resolve } from 'node:path';
import { nameOf } from './export.ts';
import { whole } from './format.ts';
import { html, Markup, pageOf } from './html.ts';
import { readModel } from './models.ts';
import { imported, moduleOf, passes } from './modules.ts';
import { DRAWING } from './network-drawing.ts';
import { type Field, factsOf, type ImageFacts, type PageFacts } from './network-facts.ts';
import { SCRIPT } from './network-script.ts';
import { STYLE as OWN_STYLE } from './network-style.ts';
import { UsageError } from './options.ts';
import type { PageFlags } from './options-export.ts';
import { readBytes } from './reading.ts';
import { openPage } from './running.ts';
import { STYLE } from './style.ts';
import type { Surroundings } from './surroundings.ts';
import { checkFolder, FileError, isOther, writeFiles } from './write.ts';

/** Writes a network as a page that needs nothing else. Whatever can be wrong is found before. */
export async function writePage(path: string, flags: PageFlags, around: Surroundings): Promise<void> {
  const source = resolve(around.folder, path);
  const bytes = await readBytes(source);
  const name = flags.name ?? nameOf(path);
  const file = flags.out ?? `${nameOf(path)}.html`;
  const out = resolve(around.folder, file);
  const model = readModel(bytes, path);
  const module = moduleOf(model, path, name, false).source;
  const { selfTest } = await imported(module);
  if (!passes(selfTest))
    throw new FileError(
      `${path}: the module does not answer what the network does on this machine, so it is not written`,
    );
  const page = renderNetworkPage(name, bytes.length, module, factsOf(model));
  if (!(await isOther(out, source))) throw new UsageError(`--out ${file} is the file that is read: name another one`);
  await checkFolder(dirname(out), [basename(out)]);
  await writeFiles(dirname(out), { [basename(out)]: page });
  const code = whole(Buffer.byteLength(module));
  around.output.write(`${out}: ${whole(Buffer.byteLength(page))} bytes, of which the network is ${code}\n`);
  await openPage(out, flags, around);
}

/** The page of a network, by the text of its module. */
export function renderNetworkPage(name: string, bytes: number, module: string, facts: PageFacts): string {
  const { image, fields, classes, target } = facts;
  const from = image === null ? columnsOf(fields.length) : 'an image';
  const what = classes === null ? 'a number' : `one of ${classes.length} classes`;
  const body = html`<main>
<header>
<p class="note">A network that runs in this page, made by whittle-ml</p>
<h1>${name}</h1>
<p class="lead">It tells “${target}”, ${what}, from ${from}.</p>
<dl class="about"><dt>file</dt><dd>${whole(bytes)} bytes</dd><dt>code in this page</dt><dd>${whole(Buffer.byteLength(module))} bytes</dd><dt>self-test</dt><dd id="test">not run</dd></dl>
</header>
<noscript><p>This page needs JavaScript, which computes the answers. Nothing is loaded or sent.</p></noscript>
<div class="both">
<section aria-labelledby="asked"><h2 id="asked">${image === null ? 'A row' : 'A drawing'}</h2>
${image === null ? formOf(fields) : drawingOf(image)}
</section>
<section class="answer" aria-labelledby="told"><h2 id="told">The answer</h2>
<p id="said" role="status">–</p>
<ol id="bars" aria-label="Probabilities"></ol>
</section>
${image === null ? '' : seenBy(image)}
</div>
${tableSection(fields)}
<footer>Everything is computed in this page: nothing is loaded, and nothing that you enter leaves it.</footer>
</main>`;
  const script = `${module}\n(${SCRIPT})({ predict, selfTest }, ${literalOf(facts)}, ${image === null ? 'null' : DRAWING});\n`;
  return pageOf(name, STYLE + OWN_STYLE, body, script, 'module');
}

const columnsOf = (count: number): string => (count === 1 ? 'one column' : `${whole(count)} columns`);

/** Plain data in a script of a page. */
const literalOf = (data: object): string =>
  JSON.stringify(data).replace(/[<\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const formOf = (fields: readonly Field[]): Markup =>
  html`<form id="row" autocomplete="off">${fields.map(fieldOf)}</form>`;

function fieldOf(field: Field, i: number): Markup {
  const { name, kind, choices, first, gap, range } = field;
  const facts = [
    ...(range === null ? [] : [`${short(range[0])} to ${short(range[1])} in training`]),
    ...(gap === null || kind === 'category' ? [] : [`left empty: ${gap}`]),
  ];
  const note = facts.join('; ');
  const about = new Markup(note === '' ? '' : ` aria-describedby="about-${i}"`);
  const required = new Markup(gap === null ? ' required' : '');
  const option = (text: string): Markup =>
    html`<option value="${text}"${new Markup(text === first ? ' selected' : '')}>${text}</option>`;
  const input =
    kind === 'category'
      ? html`<select id="field-${i}"${about}>${choices.map(option)}${gap === null ? '' : html`<option value="">no value: ${gap}</option>`}</select>`
      : html`<input id="field-${i}" type="${kind}"${new Markup(kind === 'number' ? ' step="any" inputmode="decimal"' : '')} value="${first}"${required}${about}>`;
  return html`<div class="field"><label for="field-${i}">${name}</label>${input}${
    note === '' ? '' : html`<p class="note" id="about-${i}">${note}</p>`
  }</div>`;
}

const short = (x: number): string => String(Number(x.toPrecision(6)));

function drawingOf({ height, width, share }: ImageFacts): Markup {
  const frame = share < 1 ? 'the middle five sevenths of the frame' : 'the frame';
  return html`<p class="note" id="how">Draw with a pointer, or with the keyboard: arrow keys move the pen, space puts it down and lifts it, Backspace takes the last line back.</p>
<canvas id="paper" tabindex="0" role="application" aria-label="Paper of ${height} × ${width} pixels" aria-describedby="how"></canvas>
<p class="note" id="pen" role="status"></p>
<p class="tools"><button type="button" id="undo">Take back</button> <button type="button" id="clear">Clear</button></p>
<p class="tools"><label><input type="checkbox" id="fit" checked>Move it to the middle, and let it fill ${frame}</label></p>`;
}

/** What a drawing becomes, in words. */
function seenBy({ height, width, blank, full, names }: ImageFacts): Markup {
  const some = names.includes(null) ? ' Pixels that were alike in all of training it does not get.' : '';
  return html`<div class="becomes"><figure class="seen"><canvas id="seen" role="img" aria-label="The drawing in ${height} × ${width} pixels"></canvas><figcaption><h3>What the network gets</h3>The drawing is laid on ${4 * height} × ${4 * width} cells. Each of the ${height} × ${width} pixels is the ink in its 16 cells, from ${short(blank)} where there is none to ${short(full)}.${some}</figcaption></figure>
<details><summary>In numbers</summary><div class="sideways" tabindex="0" role="group" aria-label="The pixels in numbers"><output id="numbers"></output></div></details></div>`;
}

function tableSection(fields: readonly Field[]): Markup {
  const some = fields.slice(0, 4).map(({ name }) => name);
  const rest = fields.length > some.length ? ' and so on' : '';
  return html`<section aria-labelledby="table" id="drop"><h2 id="table">A whole table</h2>
<p>CSV whose first line has the names of the columns, in any order: ${some.join(', ')}${rest}. Drop a file here, choose one, or paste the rows.</p>
<p class="tools"><label for="file">A file</label> <input type="file" id="file" accept=".csv,.tsv,.txt,text/csv"> <label for="encoding">written in</label> <select id="encoding"><option value="utf-8">UTF-8</option><option value="windows-1252">windows-1252, as of old Excel</option></select></p>
<p><label for="rows">Rows</label><textarea id="rows" rows="6" spellcheck="false"></textarea></p>
<p class="tools"><button type="button" id="ask">Predict these rows</button> <a id="load" download="predictions.csv" hidden>Download predictions.csv</a></p>
<p id="read" role="status"></p>
<p id="out" hidden><label for="predictions">The rows with their predictions</label><textarea id="predictions" rows="8" readonly spellcheck="false"></textarea></p>
</section>`;
}
