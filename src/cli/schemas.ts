import { SCHEMAS } from '../generated/schemas.ts';
import { openContainer } from './open-container.ts';
import { reachRegistry } from './reachable.ts';
import { configFor } from './settings.ts';
import { actionOf, print, UsageError, type Verb } from './verb.ts';

export const schemas: Verb = {
  help: `
licensing schemas register  registers each type under its topic (TopicRecordNameStrategy, FULL_TRANSITIVE). The users.* subjects
                            belong to the user domain and are registered only where they are absent
                            --written: only the types that workers write. In a rolling update this comes before the first new worker, and
                            the rest, which producers write, after the last older one: an older worker would overlook what a new
                            field of a command asks for
licensing schemas check     changes nothing; exit code 1 when a schema is missing, or registering it would be refused

Needs SCHEMA_REGISTRY_URL.`,
  options: { written: { type: 'boolean' } },

  async run(call) {
    const action = actionOf(call, ['register', 'check']);
    const onlyWritten = call.values['written'] === true;
    if (onlyWritten && action === 'check') throw new UsageError('schemas check has no option --written');
    const config = configFor(call.environment, ['SCHEMA_REGISTRY_URL']);
    const { cradle } = openContainer(config);
    const { schemaRegistry, schemaRegistration } = cradle;
    await reachRegistry(cradle);
    let faults = 0;
    for (const { subject, topic, type } of onlyWritten ? cradle.writtenSubjects : cradle.subjects) {
      const latest = await schemaRegistry.latest(subject);
      if (action === 'register') {
        if (latest !== undefined && topic === config.topics.users) {
          print(`there       ${subject} (${latest.id}), as the user domain has it`);
          continue;
        }
        const id = await schemaRegistration.register(subject, SCHEMAS[type], 'FULL_TRANSITIVE');
        print(`${latest?.id === id ? 'there     ' : 'registered'}  ${subject} (${id})`);
        continue;
      }
      if (latest === undefined) {
        print(`missing     ${subject}`);
        faults += 1;
        continue;
      }
      const { compatible, reasons } = await schemaRegistration.isCompatible(subject, SCHEMAS[type]);
      print(`${compatible ? 'fits      ' : 'BREAKS    '}  ${subject}${compatible ? '' : `: ${reasons.join('; ')}`}`);
      if (!compatible) faults += 1;
    }
    return faults === 0 ? 0 : 1;
  },
};
