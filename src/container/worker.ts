import { asFunction, asValue } from 'awilix/browser';
import { longestSend } from '../adapters/prompt-producer.ts';
import { DLQ_EXTRA_BYTES, hasGrown } from '../adapters/topic-policy.ts';
import type { Config } from '../config.ts';
import { databasePlace, kafkaPlace } from '../places.ts';
import { LEVEL } from '../ports/levels.ts';
import { sourcesOf } from '../ports/topics.ts';
import { Boot } from '../worker/boot.ts';
import { Dispatcher } from '../worker/dispatcher.ts';
import type { EntitlementSettings } from '../worker/entitlements.ts';
import { HealthFile } from '../worker/health-file.ts';
import { Worker } from '../worker/intake/worker.ts';
import { LevelGate, SILENCE_MS } from '../worker/level-gate.ts';
import { UnattendedLane } from '../worker/outbox/unattended-lane.ts';
import { Planner } from '../worker/planner.ts';
import { Replayer } from '../worker/replayer.ts';
import { UserLookUps } from '../worker/user-look-ups.ts';
import type { DatabaseParts } from './database.ts';
import type { HandlerParts } from './handlers.ts';
import { heartbeatInterval, type MessagingParts } from './messaging.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';
import type { Looks } from '../ports/looks.ts';
import { StoredLooks } from '../worker/looks.ts';

export interface WorkerParts {
  readonly planner: Planner;
  readonly dispatcher: Dispatcher;
  readonly userLookUps: UserLookUps;
  readonly replayer: Replayer;
  readonly boot: Boot;
  readonly entitlementTopic: { check(): Promise<string | undefined> };
  readonly looks: Looks;
  /** What this worker can read. */
  readonly level: number;
  /** A level of others counts once all looks for longer than that have found it. Milliseconds; no less than SILENCE_MS where versions mix. */
  readonly levelProvenAfter: number;
  readonly levelGate: LevelGate;
  /** For how long a publisher claims entitlements, and when each is published once more. Milliseconds. */
  readonly entitlementTimes: Pick<EntitlementSettings, 'claimMs' | 'repeatMs'>;
  readonly worker: Worker;
  /** What probes look at; undefined without HEALTH_FILE. */
  readonly healthFile: HealthFile | undefined;
}

type Needs = ProcessParts & DatabaseParts & MessagingParts & HandlerParts & WorkerParts;

export function workerParts(config: Config): Registrations<WorkerParts> {
  return {
    planner: asFunction(
      (cradle: Needs) => new Planner(pick(cradle, 'codec', 'cloudEvents', 'handlers', 'topics', 'telemetry')),
    ).singleton(),
    dispatcher: asFunction(
      (cradle: Needs) =>
        new Dispatcher({
          ...pick(cradle, 'cloudEvents', 'eventHandlers', 'topics'),
          consumerGroup: config.kafkaGroupId,
          parkUndecodable: config.parkUndecodable,
          maxLetterBytes: config.maxMessageBytes + DLQ_EXTRA_BYTES,
        }),
    ).singleton(),
    userLookUps: asFunction(
      ({ planner, userDomainClient, telemetry }: Needs) =>
        new UserLookUps(planner, userDomainClient, telemetry, config.lookUpsAtOnce),
    ).singleton(),
    replayer: asFunction(
      (cradle: Needs) =>
        new Replayer({
          ...pick(cradle, 'unitOfWork', 'dispatcher', 'planner', 'userLookUps', 'cloudEvents', 'deadLetters', 'topics'),
          lane: new UnattendedLane(cradle.newId()),
        }),
    ).singleton(),
    boot: asFunction(
      (cradle: Needs) =>
        new Boot({
          places: { database: databasePlace(config), broker: kafkaPlace(config) },
          ...pick(
            cradle,
            'databaseServer',
            'migrations',
            'topicCheck',
            'codec',
            'writtenSubjects',
            'userDomainKnown',
            'unitOfWork',
            'userLookUpQueuer',
            'entitlementTopic',
            'telemetry',
          ),
        }),
    ).singleton(),
    entitlementTopic: asFunction(({ kafkaAdmin, entitlements, topics: { entitlements: topic } }: Needs) => ({
      check: async () => {
        const partitions = await kafkaAdmin.partitionsOf(topic);
        const before = await entitlements.publishedTo(partitions);
        return partitions === before ? undefined : hasGrown(topic, partitions, before);
      },
    })).singleton(),
    level: asValue(LEVEL),
    levelProvenAfter: asValue(SILENCE_MS),
    levelGate: asFunction(
      ({ kafkaAdmin, outboxMaintenance, telemetry, topics, levelProvenAfter }: Needs) =>
        new LevelGate({
          ...{
            outboxMaintenance,
            telemetry,
            provenAfter: levelProvenAfter,
            group: config.kafkaGroupId,
            sources: sourcesOf(topics),
          },
          partitionsOf: (topic) => kafkaAdmin.partitionsOf(topic),
        }),
    ).singleton(),
    looks: asFunction((cradle: Needs) => new StoredLooks(pick(cradle, 'unitOfWork'))).singleton(),
    // Nothing that was claimed before the send can come after the repetition, then.
    entitlementTimes: asValue({ claimMs: CLAIM_MS, repeatMs: CLAIM_MS + longestSend(config.connectTimeout) + 10_000 }),
    worker: asFunction(
      (cradle: Needs) =>
        new Worker(
          {
            group: config.kafkaGroupId,
            lanes: config.lanes,
            chunkMaxMessages: config.chunkMaxMessages,
            queueMaxMessages: config.chunkMaxMessages,
            queueMaxBytes: config.queueMaxBytes,
            lookUpsMaxMessages: 8 * config.lookUpsAtOnce,
            lookUpsQueueMaxMessages: 2 * 8 * config.lookUpsAtOnce,
            commitInterval: 250,
            heartbeatInterval: heartbeatInterval(config.sessionTimeout),
            lookInterval: 1_000,
            brokerSilence: 15_000,
            patience: Math.min(3_000, config.sessionTimeout / 6),
            relay: {
              interval: 1_000,
              silence: SILENCE_MS,
              step: config.chunkMaxMessages,
            },
            cleaner: {
              interval: 60_000,
              pause: 500,
              step: 2_000,
              inboxRetention: config.inboxRetention,
              deadLetterRetention: config.deadLetterRetention,
            },
            timers: {
              interval: config.timerSweepInterval,
              pause: 100,
              resendMs: config.timerResend,
              inFlight: config.timersInFlight,
              step: config.chunkMaxMessages,
              fillStep: 10_000,
              tellEvery: 60_000,
            },
            entitlements: {
              ...cradle.entitlementTimes,
              interval: 250,
              pause: 100,
              leftEvery: 5_000,
              refreshMs: config.entitlementRefresh,
              step: 500,
              fillStep: 10_000,
              tellEvery: 60_000,
            },
          },
          pick(
            cradle,
            'unitOfWork',
            'dispatcher',
            'producer',
            'outboxMaintenance',
            'timers',
            'entitlements',
            'promptProducer',
            'cloudEvents',
            'telemetry',
            'traces',
            'newId',
            'consumer',
            'decidedOffsets',
            'level',
            'levelGate',
            'planner',
            'userLookUps',
            'placement',
            'topics',
          ),
        ),
    ).singleton(),
    healthFile: asFunction(({ worker, telemetry }: Needs) => {
      if (config.healthFile === undefined) return undefined;
      const told = () => ({ ...worker.membership, waits: telemetry.waits ?? {} });
      return new HealthFile(config.healthFile, config.healthMaxWait, { told, telemetry });
    }).singleton(),
  };
}

/** Long enough for a batch to be read and sent, brokers permitting. */
const CLAIM_MS = 20_000;

/** The cradle is a proxy, which must not be spread or kept: this takes what is needed out of it. */
function pick<Name extends keyof Needs>(cradle: Needs, ...names: readonly Name[]): Pick<Needs, Name> {
  return Object.fromEntries(names.map((name) => [name, cradle[name]])) as Pick<Needs, Name>;
}
