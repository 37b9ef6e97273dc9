/** Replaces one piece of a source text, which has to be there exactly once. */
interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A guard broken on purpose. */
export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** How the names of the cases begin that should notice. */
  readonly cases: string;
  /** The level of these cases. Default: faults. */
  readonly level?: 'unit' | 'faults';
}

const LANE = 'src/worker/lane.ts';
const COMMITTER = 'src/worker/committer.ts';
const WORKER = 'src/worker/intake/worker.ts';
const OFFSETS = 'src/worker/intake/offsets.ts';
const PARKING = 'src/uow/parking.ts';
const TIMER_TABLE = 'src/repos/tables/timer.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no inbox',
    cases: 'F6: ',
    patches: [
      {
        file: 'src/repos/tables/inbox.ts',
        find: 'ON CONFLICT (identity) DO NOTHING',
        replace: 'ON CONFLICT (identity) DO UPDATE SET lane = excluded.lane',
      },
    ],
  },
  {
    name: 'offsets before commit',
    cases: 'F2: SIGKILL of a worker that waits',
    patches: [
      {
        file: LANE,
        find: 'const committing = tasks.length === 0 ? [] :',
        // After the chunk before has ended: otherwise its offsets come later, and go back behind these.
        replace:
          'await this.publisher.published();\n    this.d.finished(messages);\n    const committing = tasks.length === 0 ? [] :',
      },
    ],
  },
  {
    name: 'offsets ahead of the lane',
    cases: 'F2: SIGKILL of a worker that waits',
    patches: [
      {
        file: OFFSETS,
        find: '[{ progress, place: { topic, partition, offset } }]',
        replace: '[{ progress, place: { topic, partition, offset: progress.taken ?? offset } }]',
      },
    ],
  },
  {
    name: 'publish before commit',
    cases: 'F9: .*does not reach',
    patches: [
      {
        file: 'src/uow/unit-of-work.ts',
        find: 'const effect = await unit.flush();',
        replace:
          'const effect = await unit.flush();\n      await (lane as { early?: (rows: unknown) => Promise<void> }).early?.(effect.outbox);',
      },
      {
        file: COMMITTER,
        find: 'const { outbox } = this.publisher;',
        replace:
          "const { outbox } = this.publisher;\n        const { producer } = Reflect.get(this.publisher, 'd');\n        Object.assign(outbox, { early: (rows: unknown) => producer.publish(rows) });",
      },
    ],
  },
  {
    name: 'delete before publish',
    cases: 'F4: ',
    patches: [
      {
        file: 'src/worker/outbox/lane-publisher.ts',
        find: 'const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);',
        replace:
          'const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);\n    for (const { outbox, rows } of owed) {\n      outbox.published(rows);\n      await this.deleteDelivered(outbox);\n    }',
      },
    ],
  },
  {
    name: 'no FOR UPDATE',
    cases: 'misplaced: ',
    patches: [{ file: 'src/repos/tables/postgres.ts', find: '= { locks: true }', replace: '= { locks: false }' }],
  },
  {
    name: 'read-only connections kept',
    cases: 'F10: the database is read-only',
    patches: [{ file: 'src/uow/database.ts', find: 'if (SPOILT.has(code) && ', replace: 'if (SPOILT.has("") && ' }],
  },
  {
    name: 'no adoption',
    cases: 'F3: ',
    patches: [
      {
        file: 'src/uow/adoption.ts',
        find: 'if (others.length === 0) return [];',
        replace: 'if (others.length >= 0) return [];',
      },
    ],
  },
  {
    name: 'lane id kept after an unclear COMMIT',
    cases: 'F9: .*answer does not come back',
    patches: [
      {
        file: COMMITTER,
        find: 'this.publisher.giveUp();',
        replace: 'void this.publisher;',
      },
    ],
  },
  // Unit tests notice the next four. On one broker nothing shows: what a worker drops at a join, the same worker fetches again.
  {
    name: 'no epoch guard: of an assignment that is over, a batch is taken',
    level: 'unit',
    cases: 'a worker takes nothing of an assignment that ends',
    patches: [
      {
        file: WORKER,
        find: 'return epoch !== this.offsets.currentEpoch || this.stopping.signal.aborted;',
        replace: 'return this.stopping.signal.aborted || Number.isNaN(epoch);',
      },
    ],
  },
  {
    name: 'no epoch guard: of an assignment that is over, offsets are committed',
    level: 'unit',
    cases: 'what was finished under an assignment before',
    patches: [{ file: OFFSETS, find: 'if (epoch !== this.epoch) continue;', replace: 'void epoch;' }],
  },
  {
    name: 'no epoch guard: a late answer to a fetch from before a join is taken',
    level: 'unit',
    cases: 'a fetch is not handed over when the group was joined anew',
    patches: [
      {
        file: 'src/adapters/kafkajs/positions.ts',
        find: 'if (fetchedUnder.get(batch) !== offsetManager) return;',
        replace: 'void fetchedUnder.get(batch);',
      },
    ],
  },
  {
    name: 'what a slower broker brings again is taken again',
    level: 'unit',
    cases: 'a fetch is not handed over when another broker',
    patches: [
      {
        file: 'src/adapters/kafkajs/positions.ts',
        find: '.toString() !== batch.fetchedOffset) return;',
        replace: ".toString() === '') return;",
      },
    ],
  },
  {
    name: 'no epoch guard: a commit is made under a later generation',
    level: 'unit',
    cases: 'a commit is made under the generation of its time',
    patches: [
      {
        file: 'src/adapters/kafkajs/positions.ts',
        find: 'if (assignment === undefined || assignment === this.offsetManager) await',
        replace: 'if (assignment !== null) await',
      },
    ],
  },
  {
    name: 'a stretch without messages is committed ahead of what is pending',
    level: 'unit',
    cases: 'a stretch without messages waits for what is pending',
    patches: [
      {
        file: OFFSETS,
        find: 'if (progress.taken !== progress.finished || progress.finished === nextOffset) return;',
        replace: 'if (progress.finished === nextOffset) return;',
      },
    ],
  },
  {
    name: 'what the group counts as done is not compared with what the database has decided',
    level: 'unit',
    cases: 'at an assignment a partition goes back to where the decisions of the database end',
    patches: [
      {
        file: 'src/worker/intake/opening.ts',
        find: 'const commit = cutOff === undefined ?',
        replace: 'const commit = cutOff === null ?',
      },
    ],
  },
  {
    name: 'where a partition begins is taken for 0 when nobody tells it',
    level: 'unit',
    cases: 'a partition of which nobody tells where it begins',
    patches: [
      {
        file: 'src/worker/intake/opening.ts',
        find: 'if (beginning === undefined) return undefined;',
        replace: 'beginning ??= 0;',
      },
    ],
  },
  {
    name: 'partitions whose beginnings are asked for fail with one that nobody leads',
    cases: 'F51: nobody leads',
    patches: [
      {
        file: 'src/adapters/kafka-consumer.ts',
        find: "if (leader === NOBODY) return { topic, partition, unknown: new Outage('nobody leads it') };",
        replace: "if (leader === NOBODY) return Promise.reject(new Outage('nobody leads it'));",
      },
      {
        file: 'src/adapters/kafka-consumer.ts',
        find: 'return { topic, partition, unknown: error instanceof Error ? error : new Outage(String(error)) };',
        replace: 'throw error;',
      },
    ],
  },
  {
    name: 'fetches fail with a partition that nobody leads, and of which nothing was committed',
    cases: 'F51: nobody leads',
    patches: [
      {
        file: 'src/adapters/kafkajs/mends.ts',
        find: 'mend: changed<OffsetResolver>(resolveWhatIsLed),',
        replace: '',
      },
    ],
  },
  {
    name: 'a database that has lost something goes on in the epoch of its entitlements',
    cases: 'F37: an older copy of the database takes its place while nothing comes',
    patches: [
      {
        file: 'src/worker/intake/opening.ts',
        find: 'await inDatabase(() => entitlements.raiseEpoch());',
        replace: 'void entitlements;',
      },
    ],
  },
  {
    name: 'a chunk is decided whatever the database has decided before',
    level: 'unit',
    cases: 'a worker below which the database is replaced by an older one decides nothing new',
    patches: [
      {
        file: 'src/uow/unit.ts',
        find: 'if (decision !== undefined && steps < decision.steps.length)',
        replace: 'if (decision !== undefined && steps < 0)',
      },
    ],
  },
  {
    name: 'what a lane knows of subdivisions outlives the connections to the server that it was written to',
    level: 'unit',
    cases: 'a lane presumes that a subdivision is unchanged until another server may be asked',
    patches: [
      {
        file: 'src/uow/unit-of-work.ts',
        find: 'if (sessions !== this.sessions) {',
        replace: 'if (this.sessions === undefined) {',
      },
    ],
  },
  {
    name: 'dead connections to the database kept',
    cases: 'F16: ',
    patches: [{ file: 'src/uow/connection.ts', find: 'if (client.readyForQuery) return;', replace: 'return;' }],
  },
  {
    name: 'dead connections to the broker kept',
    cases: 'F15: ',
    patches: [
      { file: 'src/adapters/kafkajs/connections.ts', find: 'socket?.destroy(error);', replace: 'void socket;' },
    ],
  },
  {
    name: 'acknowledgements not checked: what a send says of its success is believed, and who sends is kafkajs',
    cases: 'control of F32: ',
    patches: [
      {
        file: 'src/adapters/kafkajs/sender.ts',
        find: 'parts.eosManager.isInitialized() ? exactlyOnce(request) : plain.send(request)',
        replace: 'plain instanceof Sender ? exactlyOnce(request) : plain.send(request)',
      },
      {
        file: 'src/adapters/kafka-producer.ts',
        find: 'if (seen.reduce((sum, { messages }) => sum + messages.length, 0) === part.length) {',
        replace: 'if (!(end instanceof Error)) {',
      },
    ],
  },
  {
    name: 'acknowledgements not checked: each broker answers once in a send',
    level: 'unit',
    cases: 'a partition whose leadership moves to a broker that has answered',
    patches: [
      {
        file: 'src/adapters/kafkajs/sender.ts',
        find: '[...this.byLeader(left)].map(',
        replace:
          '[...this.byLeader(left)].filter(([id]) => !Reflect.has(done, `n${id}`) && Reflect.set(done, `n${id}`, 1)).map(',
      },
    ],
  },
  {
    name: 'a member does not outlive its coordinator',
    cases: 'F35: ',
    patches: [{ file: 'src/adapters/kafkajs/mends.ts', find: '      keepMembership,\n    ),', replace: '    ),' }],
  },
  {
    name: 'messages are decided by the clock of their worker',
    cases: 'F23: ',
    patches: [
      {
        file: 'src/worker/dispatcher.ts',
        find: 'messageTime(brought ?? received.timestamp, startedAt)',
        replace: 'messageTime(brought ?? received.timestamp, Date.now())',
      },
    ],
  },
  {
    name: 'timers beside an older worker',
    cases: 'F44: ',
    patches: [
      {
        file: 'src/worker/timers.ts',
        find: 'if (!levelGate.mayWrite(TIMERS)) return this.tellWhatBlocks();',
        replace: 'if (!levelGate.mayWrite(0)) return this.tellWhatBlocks();',
      },
    ],
  },
  {
    name: 'no timers for what an older worker has written',
    cases: 'F44: ',
    patches: [
      {
        file: 'src/worker/filling.ts',
        find: 'if (this.gateHasFallen) this.filledTo = undefined;',
        replace: '',
      },
    ],
  },
  {
    name: 'what is due goes by the clock of the worker',
    cases: 'F45: the clock of the worker',
    patches: [
      {
        file: TIMER_TABLE,
        find: 'is_notice AND due_at <= now() AND',
        replace: 'is_notice AND due_at <= to_timestamp(${Date.now() / 1_000}) AND',
      },
    ],
  },
  {
    name: 'a timer ends what it was sent for, whatever has become of it since',
    cases: 'F47: ',
    patches: [
      {
        file: 'src/domain/time.ts',
        find: 'if (s.due === null || s.due.at > now) return undefined;',
        replace: 'if (s.due === null) return undefined;\n  now = Math.max(now, s.due.at);',
      },
    ],
  },
  {
    name: 'a timer that has moved counts as sent for',
    cases: 'F47: ',
    patches: [
      {
        file: TIMER_TABLE,
        find: 'is_notice = excluded.is_notice,\n       queued_at = NULL, resent = false`',
        replace: 'is_notice = excluded.is_notice`',
      },
    ],
  },
  {
    name: 'letters of any size to their topic',
    cases: 'F20: ',
    patches: [
      {
        file: 'src/worker/dead-letters.ts',
        find: 'if (recordSize(whole) <= maxLetterBytes) return whole;',
        replace: 'if (recordSize(whole) >= 0) return whole;',
      },
    ],
  },
  {
    name: 'a lane that stands still is not paused',
    cases: 'F24: the DLQ topic is not',
    patches: [{ file: WORKER, find: 'if (left <= 0) {', replace: 'if (Number.isNaN(epoch)) {' }],
  },
  {
    name: 'nothing is relayed',
    cases: 'F7: ',
    patches: [
      { file: 'src/worker/outbox/relay.ts', find: '() => this.relay(signal)', replace: 'async () => void this.relay' },
    ],
  },
  {
    name: 'nothing is adopted from chunks',
    cases: 'F3: ',
    patches: [
      {
        file: 'src/repos/tables/outbox.ts',
        find: 'return [...chunked, ...rows]\n        .filter',
        replace: 'return [...chunked.slice(0, 0), ...rows]\n        .filter',
      },
    ],
  },
  {
    name: 'chunks are written whatever others can read',
    cases: 'F38: ',
    patches: [
      {
        file: 'src/worker/outbox/lane-outbox.ts',
        find: 'return this.levels.mayWrite(OUTBOX_CHUNKS);',
        replace: 'return !this.levels.mayWrite(OUTBOX_CHUNKS + 1);',
      },
    ],
  },
  {
    name: 'parked keys are not read',
    cases: 'parked: ',
    patches: [{ file: PARKING, find: 'if (parked) this.parked.add(key);', replace: 'void parked;' }],
  },
  {
    name: 'a replay does not check that its letter is the lowest open one',
    cases: 'parked: ',
    patches: [{ file: PARKING, find: 'if (lowest < letterId) {', replace: 'if (letterId < 0) {' }],
  },
];
