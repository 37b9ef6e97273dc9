import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { kafkaJars, kafkaTools } from '../../stack/downloads.ts';

const silent = (): void => undefined;
const CACHE_DIR = fileURLToPath(new URL('../../.cache', import.meta.url));
/** For how long nothing may come before it gives up. */
const PATIENCE_MS = 20_000;

/** The console consumer of Kafka itself, which is its Java client: the reference for what a reader of committed records gets. */
export class JavaConsumer {
  private readonly classPath: string;

  private constructor(classPath: string) {
    this.classPath = classPath;
  }

  /** Downloads what it needs, once. */
  static async installed(): Promise<JavaConsumer> {
    const jars = [await kafkaJars(CACHE_DIR, silent), await kafkaTools(CACHE_DIR, silent)];
    return new JavaConsumer(jars.map((directory) => join(directory, '*')).join(':'));
  }

  /** Reads a topic from its beginning, up to so many records. @returns by partition, the offsets in the order of their coming */
  async readCommitted(brokers: string, topic: string, atMost: number): Promise<ReadonlyMap<number, readonly number[]>> {
    const { stdout } = await promisify(execFile)('java', [
      ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'],
      ...['-cp', this.classPath, 'org.apache.kafka.tools.consumer.ConsoleConsumer'],
      ...['--bootstrap-server', brokers, '--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
      ...['--max-messages', String(atMost), '--timeout-ms', String(PATIENCE_MS)],
      ...['print.partition=true', 'print.offset=true', 'print.value=false'].flatMap((one) => [
        '--formatter-property',
        one,
      ]),
    ]);
    const offsets = new Map<number, number[]>();
    for (const [, partition, offset] of stdout.matchAll(/^Partition:(\d+)\tOffset:(\d+)$/gm)) {
      const known = offsets.get(Number(partition)) ?? [];
      known.push(Number(offset));
      offsets.set(Number(partition), known);
    }
    return offsets;
  }
}
