/**
 * Settings are declared (name, unit, default, secrecy, sentence), read and checked once at start,
 * and passed down as arguments. This lib is the only reader of the process environment.
 */
export { errors } from './errors.ts';
export {
  type Environment,
  loadConfig,
  printConfig,
  processEnvironment,
  type Rule,
  type Settings,
  type Values,
} from './load.ts';
export { type Setting, type SettingDoc, setting } from './setting.ts';
