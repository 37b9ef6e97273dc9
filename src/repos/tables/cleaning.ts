/**
 * A condition that is true for one session at a time, until its transaction ends, for each table of each schema. All workers clean, at the same minutes and the same
 * rows, and all sweep the timers; who comes second finds nothing to do, and neither waits for the locks of the first nor reads what that one deletes.
 */
export function aloneAt(table: keyof typeof LOCKS): string {
  return `(SELECT pg_try_advisory_xact_lock(${LOCKS[table]}, '${table}'::regclass::oid::integer))`;
}

const LOCKS = { inbox: 5_120_010, dead_letters: 5_120_011, subdivision_timers: 5_120_012, users: 5_120_013 } as const;
