/** One piece of source text and what stands there instead; it has to be there exactly once. */
interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A guard broken on purpose. */
export interface Mutant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Which cases should notice: what their names begin with. */
  readonly cases: string;
}

const LANE = 'src/worker/lane.ts';
const WORKER = 'src/worker/worker.ts';
const PARKING = 'src/uow/parking.ts';

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no inbox',
    cases: 'F6: ',
    patches: [
      {
        file: 'src/repos/inbox.ts',
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
        find: 'const committing = tasks.length === 0 ? [] : this.commit(tasks);',
        replace: 'this.d.finished(messages);\n    const committing = tasks.length === 0 ? [] : this.commit(tasks);',
      },
    ],
  },
  {
    name: 'offsets ahead of the lane',
    cases: 'F2: SIGKILL of a worker that waits',
    patches: [
      {
        file: WORKER,
        find: 'lane.push(queued(batch, epoch));',
        replace: 'lane.push(queued(batch, epoch));\n    this.offsets.finish(queued(batch, epoch));',
      },
    ],
  },
  {
    name: 'publish before commit',
    cases: 'F9: .*does not reach',
    patches: [
      {
        file: 'src/uow/unit-of-work.ts',
        find: 'const outbox = await unit.flush();',
        replace:
          'const outbox = await unit.flush();\n      await (lane as { early?: (rows: unknown) => Promise<void> }).early?.(outbox);',
      },
      {
        file: LANE,
        find: '      const { outbox } = this;\n      try {',
        replace:
          '      const { outbox } = this;\n      Object.assign(outbox, { early: (rows: readonly OutboxRow[]) => this.d.producer.publish(rows) });\n      try {',
      },
    ],
  },
  {
    name: 'delete before publish',
    cases: 'F4: ',
    patches: [
      {
        file: LANE,
        find: 'const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);',
        replace:
          'const messages: OutgoingMessage[] = owed.flatMap(({ rows }) => rows);\n    for (const { outbox, rows } of owed) {\n      outbox.published(rows);\n      await this.deleteDelivered(outbox);\n    }',
      },
    ],
  },
  {
    name: 'no FOR UPDATE',
    cases: 'misplaced: ',
    patches: [
      { file: 'src/repos/tenant.ts', find: ' FOR UPDATE`', replace: '`' },
      { file: 'src/repos/subdivision.ts', find: ' FOR UPDATE OF s`', replace: '`' },
      { file: 'src/repos/user.ts', find: ' FOR UPDATE`', replace: '`' },
    ],
  },
  {
    name: 'no adoption',
    cases: 'F3: ',
    patches: [
      {
        file: 'src/uow/unit.ts',
        find: 'if (debts.size === 0) return [];',
        replace: 'if (debts.size >= 0) return [];',
      },
    ],
  },
  {
    name: 'lane id kept after an unclear COMMIT',
    cases: 'F9: .*answer does not come back',
    patches: [
      {
        file: LANE,
        find: '          this.giveUpOutbox();\n          telemetry.waiting',
        replace: '          telemetry.waiting',
      },
    ],
  },
  {
    name: 'no epoch guard',
    cases: 'F(14|19): ',
    patches: [
      {
        file: WORKER,
        find: 'return epoch !== this.offsets.currentEpoch || this.stopping.signal.aborted;',
        replace: 'return this.stopping.signal.aborted || Number.isNaN(epoch);',
      },
      { file: 'src/worker/offsets.ts', find: 'if (epoch !== this.epoch) continue;', replace: 'void epoch;' },
      {
        file: 'src/worker/offsets.ts',
        find: 'if (this.suspects.get(id) !== fetchedOffset || this.taken.get(id) === fetchedOffset) return true;',
        replace: 'if (fetchedOffset !== -1) return true;',
      },
    ],
  },
  {
    name: 'dead connections to the database kept',
    cases: 'F16: ',
    patches: [{ file: 'src/uow/database.ts', find: 'if (!client.readyForQuery) stream.destroy(', replace: 'void (' }],
  },
  {
    name: 'dead connections to the broker kept',
    cases: 'F15: ',
    patches: [{ file: 'src/adapters/kafkajs.ts', find: 'socket?.destroy(error);', replace: 'void socket;' }],
  },
  {
    name: 'letters of any size to their topic',
    cases: 'F20: ',
    patches: [
      {
        file: 'src/worker/dispatcher.ts',
        find: 'if (sizeOf(whole) <= maxLetterBytes) return whole;',
        replace: 'if (sizeOf(whole) >= 0) return whole;',
      },
    ],
  },
  {
    name: 'a lane that stands still is not paused',
    cases: 'F24: the DLQ topic is not',
    patches: [{ file: WORKER, find: 'if (!moves) {', replace: 'if (Number.isNaN(epoch)) {' }],
  },
  {
    name: 'nothing is relayed',
    cases: 'F7: ',
    patches: [{ file: 'src/worker/outbox-relay.ts', find: 'await this.relay(signal);', replace: 'void this.relay;' }],
  },
  {
    name: 'parked keys are not read',
    cases: 'parked: ',
    patches: [{ file: PARKING, find: 'if (parked) this.parked.add(key);', replace: 'void parked;' }],
  },
  {
    name: 'a replay does not check that its letter is the lowest open one',
    cases: 'parked: ',
    patches: [
      { file: PARKING, find: 'if (lowest !== undefined && lowest < letterId) {', replace: 'if (letterId < 0) {' },
    ],
  },
];
