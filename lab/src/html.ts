import { createHash } from 'node:crypto';
import { html, Markup } from './markup.ts';

export { html, Markup, markupOf } from './markup.ts';

const digestOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * One page that needs nothing else: no other file, and no script but `script`, which its policy names by digest. As a module the
 * script is one of ECMAScript, and the policy names the style by digest too, so that no element has one of its own.
 */
export function pageOf(
  title: string,
  style: string,
  body: Markup,
  script = '',
  as: 'script' | 'module' = 'script',
): string {
  const scripts = script === '' ? '' : `; script-src ${digestOf(script)}`;
  const styles = as === 'module' ? digestOf(style) : "'unsafe-inline'";
  const policy = `default-src 'none'; style-src ${styles}${scripts}; base-uri 'none'; form-action 'none'`;
  const type = new Markup(as === 'module' ? ' type="module"' : '');
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
${script === '' ? '' : html`<script${type}>${new Markup(script)}</script>`}
</body>
</html>
`.text;
}
