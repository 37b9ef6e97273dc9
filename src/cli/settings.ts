import { readConfig, type Config } from '../config.ts';
import { isSet } from '../settings.ts';

/** Stand in for what a verb does not need, so that it runs where only a part of the settings is known. */
const PLACEHOLDERS = {
  KAFKA_BROKERS: 'none:0',
  SCHEMA_REGISTRY_URL: 'http://none',
  DATABASE_URL: 'postgres://none',
} as const;

/**
 * The configuration of a verb that needs only some of the servers. Its log is silent unless it is asked to be at debug or
 * trace: what a person has to know is printed, and what fails ends in one sentence.
 * @throws ConfigurationError that names every fault
 */
export function configFor(environment: NodeJS.ProcessEnv, needed: readonly (keyof typeof PLACEHOLDERS)[]): Config {
  const absent = Object.entries(PLACEHOLDERS).filter(
    ([variable]) => !needed.some((one) => one === variable) && !isSet(environment, variable),
  );
  const config = readConfig({ ...environment, ...Object.fromEntries(absent) });
  return { ...config, logLevel: /^(debug|trace)$/.test(config.logLevel) ? config.logLevel : 'silent' };
}
