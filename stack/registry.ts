import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { classArchive } from './class-archive.ts';
import { registryFiles } from './downloads.ts';
import { StackError } from './errors.ts';
import { freePort } from './ports.ts';
import { createService } from './service.ts';
import type { Service, ServiceSurroundings } from './service.ts';

const HOST = '127.0.0.1';

/**
 * An Apicurio registry, not started yet. It keeps everything in memory: whenever it is started it is EMPTY, and it gives
 * ids in the order of registration. So what was registered before a `stop` or `kill` has to be registered again, in the
 * same order if messages written before are still to be read; a `SIGSTOP` / `SIGCONT` pair is an outage that loses nothing.
 */
export async function createRegistry({ cacheDir, runDir, log }: ServiceSurroundings): Promise<Service> {
  const files = await registryFiles(cacheDir, log);
  const port = await freePort();
  const archive = classArchive(cacheDir, 'registry', files, runDir);
  return createService({
    name: 'registry',
    port,
    logFile: join(runDir, 'registry.log'),
    stopSignal: 'SIGTERM',
    launch: () => ({
      command: 'java',
      cwd: files,
      args: [
        '-Xmx384m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1', // a run has few requests, so a fast start is all that counts
        ...archive.jvmFlags(),
        '-jar',
        runnerJar(files),
      ],
      env: { QUARKUS_HTTP_HOST: HOST, QUARKUS_HTTP_PORT: String(port) },
    }),
    probe: async () => {
      const response = await fetch(`${registryUrl(port)}/subjects`, { signal: AbortSignal.timeout(5_000) });
      await response.body?.cancel();
      if (response.status !== 200) throw new StackError(`it answered ${response.status}`);
    },
    afterGracefulEnd: archive.keep,
  });
}

/** The Confluent API of the registry. */
export function registryUrl(port: number): string {
  return `http://${HOST}:${port}/apis/ccompat/v7`;
}

function runnerJar(files: string): string {
  const name = readdirSync(files).find((file) => file.endsWith('-runner.jar'));
  if (name === undefined)
    throw new StackError(`${files} is not a complete registry: delete it, and it is downloaded again.`);
  return join(files, name);
}
