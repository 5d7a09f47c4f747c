/** A value as code: texts in quotes, lists, maps and objects by their entries, what has a toString of its own by that. */
function asCode(value: unknown): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (Object.is(value, -0)) return '-0';
  if (Array.isArray(value)) return `[${value.map(asCode).join(', ')}]`;
  if (value instanceof Map) return `new Map(${asCode([...value])})`;
  return value?.constructor === Object ? fieldsOf(Object.entries(value)) : String(value);
}

const fieldsOf = (entries: readonly (readonly [string, unknown])[]): string =>
  entries.length === 0
    ? '{}'
    : `{ ${entries.map(([name, value]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : asCode(name)}: ${asCode(value)}`).join(', ')} }`;

/** A class and the options that are not its defaults, as code that makes it again: `Ridge({ alpha: 2 })`. */
export function described(name: string, options: object, defaults: object): string {
  const usual = new Map<string, unknown>(Object.entries(defaults));
  const own = Object.entries(options).filter(([field, value]) => asCode(value) !== asCode(usual.get(field)));
  return `${name}(${own.length === 0 ? '' : fieldsOf(own)})`;
}

/** A class and what it is made of, as code: `Pipeline([StandardScaler(), Ridge()])`. */
export const describedOf = (name: string, ...parts: readonly unknown[]): string =>
  `${name}(${parts.map(asCode).join(', ')})`;
