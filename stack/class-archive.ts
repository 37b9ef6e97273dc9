import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * A JVM's class data archive halves its start (Kafka 3.1 s -> 1.5 s, the registry 3.6 s -> 1.9 s). The first run that
 * ends gracefully writes one, every later one uses it. A JVM silently ignores an archive that does not fit it.
 */
export interface ClassArchive {
  readonly jvmFlags: () => readonly string[];
  /** Moves the archive of this run into the cache. Only for a run that ended gracefully: a killed one leaves half a file. */
  readonly keep: () => Promise<void>;
}

/** @param programDir the directory of the jars; an archive fits this path alone */
export function classArchive(cacheDir: string, name: string, programDir: string, runDir: string): ClassArchive {
  const key = createHash('sha256').update(programDir).digest('hex').slice(0, 8);
  const cached = join(cacheDir, 'class-archives', `${name}-${key}.jsa`);
  const written = join(runDir, `${name}.jsa`);
  return {
    jvmFlags: () =>
      existsSync(cached)
        ? ['-Xshare:auto', `-XX:SharedArchiveFile=${cached}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
        : [`-XX:ArchiveClassesAtExit=${written}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off'],
    keep: async () => {
      if (existsSync(cached) || !existsSync(written)) return;
      await mkdir(dirname(cached), { recursive: true });
      // Copied and then renamed, because the run's directory may lie on another disk.
      const unfinished = `${cached}.${process.pid}`;
      await copyFile(written, unfinished);
      await rename(unfinished, cached);
      await rm(written, { force: true });
    },
  };
}
