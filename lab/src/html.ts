import { createHash } from 'node:crypto';

/** Text that is markup; any other text is escaped before it gets into a page. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A number and its unit stay in one line. */
const glued = (text: string): string => text.replace(/(?<=\d) (?=%|[µm]s\b|[kM]B\b)/g, '\u00a0');

/** As text of an element or a quoted attribute. */
export const markupOf = (part: Part): string =>
  part instanceof Markup
    ? part.text
    : Array.isArray(part)
      ? part.map(markupOf).join('')
      : glued(String(part).replace(/[&<>"']/g, (character) => ENTITIES[character]!));

/** A template whose inserted texts are escaped. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.map((text, i) => (i === 0 ? glued(text) : markupOf(parts[i - 1]!) + glued(text))).join(''));
}

/** One page that needs nothing else: no other file, and no script but `script`, which its policy names by digest. */
export function pageOf(title: string, style: string, body: Markup, script = ''): string {
  const digest = createHash('sha256').update(script).digest('base64');
  const scripts = script === '' ? '' : `; script-src 'sha256-${digest}'`;
  const policy = `default-src 'none'; style-src 'unsafe-inline'${scripts}; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
${body}
${script === '' ? '' : html`<script>${new Markup(script)}</script>`}
</body>
</html>
`.text;
}
