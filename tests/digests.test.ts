import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** Published: a change of these is a change of the bits, and belongs in the changelog. */
const PUBLISHED = [
  '0d3e53c512128878156f97a57a044dd2302318208606bd83e5b017ef174bdb3a',
  '61a6f0cfbe1b4be4c613998e69becddf98b4fd79df78811ea81962d66eb01fd3',
];

describe('training digests', () => {
  test.each(['cpu', 'reference'])('are the published ones with the %s table', (table) => {
    const script = fileURLToPath(new URL('../scripts/digests.mjs', import.meta.url));
    const printed = execFileSync(process.execPath, [script, table], { encoding: 'utf8' }).trim().split('\n');
    expect(printed).toEqual(PUBLISHED);
  });
});
