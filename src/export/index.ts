export { type ModuleOptions, type ModuleText, toModule } from './module.ts';
