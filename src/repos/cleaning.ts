/**
 * A condition that is true for one session at a time, until its transaction ends. All workers clean, at the same minutes and the same
 * rows; who comes second finds nothing to do, and neither waits for the locks of the first nor reads what that one deletes.
 */
export const ALONE = '(SELECT pg_try_advisory_xact_lock(5120010))';
