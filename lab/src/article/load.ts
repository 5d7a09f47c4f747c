import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Claim } from './claim.ts';
import { SECTION_NAMES } from './sections.ts';
import { unknownPlaces } from './words.ts';

/** A claim with what its file says besides. */
export interface Loaded {
  readonly claim: Claim;
  /** Of its module and all that this imports from beside it. */
  readonly digest: string;
  /** The source of its example, as it is shown; empty where there is none. */
  readonly example: string;
}

/** A file of a claim that is not as it must be, for who writes it. */
export class ClaimError extends Error {}

const CLAIMS = fileURLToPath(new URL('./claims', import.meta.url));
/** From lab/src and from lab/dist alike: types are shown too. */
const EXAMPLES = fileURLToPath(new URL('../../src/article/examples', import.meta.url));

/** All claims of a folder, one a module, in the order of the article. Throws ClaimError. */
export async function loadClaims(folder: string = CLAIMS, examples: string = EXAMPLES): Promise<Loaded[]> {
  const names = readdirSync(folder).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'));
  const loaded: Loaded[] = [];
  for (const name of names.sort()) loaded.push(await loadClaim(join(folder, name), name, examples));
  const ids = loaded.map(({ claim: { id } }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new ClaimError(`two files have the claim ${twice}`);
  const place = ({ claim }: Loaded): number => SECTION_NAMES.indexOf(claim.section);
  return loaded.sort((a, b) => place(a) - place(b) || (a.claim.id < b.claim.id ? -1 : 1));
}

async function loadClaim(path: string, name: string, examples: string): Promise<Loaded> {
  const { claim } = (await import(pathToFileURL(path).href)) as { readonly claim?: Claim };
  if (claim === undefined) throw new ClaimError(`${name} has no claim: export const claim = defineClaim({ ... })`);
  const modules = modulesOf(path);
  const fault = faultOf(claim, modules);
  if (fault !== null) throw new ClaimError(`${name}: ${fault}`);
  const hash = createHash('sha256');
  for (const module of modules) hash.update(readFileSync(module));
  const example = claim.example === undefined ? '' : readFileSync(join(examples, `${claim.example.after}.ts`), 'utf8');
  return { claim, digest: hash.digest('hex'), example };
}

/** What the compiler cannot see. */
function faultOf(claim: Claim, modules: readonly string[]): string | null {
  const { id, effect, example } = claim;
  if (!/^[\w][\w.-]{0,59}$/.test(id)) return `id ${JSON.stringify(id)} must be letters, digits, points and hyphens`;
  if (!Number.isFinite(effect.smallest)) return `smallest must be a number, got ${effect.smallest}`;
  const [unknown] = unknownPlaces(claim);
  if (unknown !== undefined) return `reasons name {${unknown}}, which is no arm`;
  const isRun = modules.some((path) => new RegExp(`[\\\\/]examples[\\\\/]${example?.after}\\.[jt]s$`).test(path));
  if (example !== undefined && !isRun) return `it shows examples/${example.after}.ts, and does not import it`;
  return null;
}

/** A module and those that it imports by relative paths, and so on. */
function modulesOf(path: string): string[] {
  const found: string[] = [];
  const walk = (at: string): void => {
    if (found.includes(at)) return;
    found.push(at);
    const imports = readFileSync(at, 'utf8').matchAll(/^(?:import|export)\b[^'";]*['"](\.[^'"]+)['"]/gm);
    for (const [, from] of imports) walk(join(dirname(at), from!));
  };
  walk(path);
  return found;
}

/** Of the library as it is run: all files of the bundle that `whittle-ml` is. */
export function libraryDigest(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('whittle-ml'));
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (name.endsWith('.js')) hash.update(name).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex');
}
