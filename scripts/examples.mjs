// The examples of a page: blocks of a language, with the ```text block right after each if there is one, which is what it
// prints; null if the page does not say.
export function examplesIn(text, language) {
  const pattern = new RegExp(
    `\`\`\`${language}\\n([\\s\\S]*?)\`\`\`(?:\\n\\n[^\\n\`]*\\n*)?(?:\\n*\`\`\`text\\n([\\s\\S]*?)\`\`\`)?`,
    'g',
  );
  return [...text.matchAll(pattern)].map((match) => ({
    code: match[1],
    printed: match[2] ?? null,
    line: text.slice(0, match.index).split('\n').length,
  }));
}
