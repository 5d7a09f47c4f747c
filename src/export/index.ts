export { type CFiles, type COptions, toC } from './c.ts';
