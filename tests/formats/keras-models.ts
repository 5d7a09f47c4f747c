import { readFileSync } from 'node:fs';

export type Json = { readonly [field: string]: unknown };
export interface Values {
  readonly shape: readonly number[];
  readonly values: string;
}
export interface Case {
  readonly name: string;
  readonly model: { readonly modelTopology: Json; readonly weightsManifest: readonly Json[] };
  readonly shards: Readonly<Record<string, string>>;
  readonly inputs: readonly Values[];
  readonly outputs: readonly Values[];
}
export const { cases } = JSON.parse(readFileSync(new URL('../golden/keras/models.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
};

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
export const floatsOf = ({ values }: Values): Float32Array => new Float32Array(bytesOf(values).slice().buffer);
export const shardsOf = ({ shards }: Case): Map<string, Uint8Array> =>
  new Map(Object.entries(shards).map(([name, base64]) => [name, bytesOf(base64)]));
export const caseOf = (name: string): Case => cases.find((each) => each.name === name)!;
