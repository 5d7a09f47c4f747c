/** What went wrong as one sentence on one line, without the name of the function that says it. */
export function sentenceOf(error: unknown): string {
  const isMemory = error instanceof RangeError && /allocation|array length|buffer/i.test(error.message);
  const said = isMemory
    ? 'it asks for more memory than there is'
    : error instanceof Error
      ? error.message
      : String(error);
  const line = said.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  const text = line.length > MOST ? `${line.slice(0, MOST)} …` : line;
  return /[.?!…]$/.test(text) ? text : `${text}.`;
}

/** Names out of files may be of any length. */
const MOST = 400;
