export { type CFiles, type COptions, toC } from './c.ts';
export { type ModuleOptions, type ModuleText, toModule } from './module.ts';
export type { ModuleEncoder } from './module-encoder.ts';
