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
