export type { Imported, Port } from './imported.ts';
