import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyDirectory, ensureCached } from './cache.ts';
import { classArchive } from './class-archive.ts';
import { kafkaJars } from './downloads.ts';
import { StackError } from './errors.ts';
import { freePort } from './ports.ts';
import { createService } from './service.ts';
import type { Service, ServiceSurroundings } from './service.ts';

const HOST = '127.0.0.1';
const LOGGER = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
/** Metadata v4: size 15, api key 3, version 4, correlation id 0, no client id, no topics, create none. */
const METADATA_REQUEST = Buffer.from('0000000f' + '0003' + '0004' + '00000000' + 'ffff' + '00000000' + '00', 'hex');
/** Behind size, correlation id and throttle time, four bytes each. */
const BROKER_COUNT_AT = 12;
const CLUSTER_ID = 'bGljZW5zaW5nLXN0YWNrMQ';

export interface KafkaService extends Service {
  /** Where who comes in through the proxy is let through to; see `StackOptions.kafkaProxyPort`. */
  readonly portBehindProxy: number;
}

/** A one-node Kafka (KRaft) with empty data; not started yet. */
export async function createKafka(
  { cacheDir, runDir, log }: ServiceSurroundings,
  proxyPort: number | undefined,
): Promise<KafkaService> {
  const jars = await kafkaJars(cacheDir, log);
  const [port, controllerPort, portBehindProxy] = [await freePort(), await freePort(), await freePort()];
  const dataDir = join(runDir, `kafka-${port}`);
  const settings = join(runDir, `kafka-${port}.properties`);
  const proxied = proxyPort === undefined ? undefined : { port: portBehindProxy, advertised: proxyPort };
  await writeFile(settings, serverProperties({ port, controllerPort, dataDir, proxied }));
  await copyDirectory(await formattedData(cacheDir, jars), dataDir);
  const archive = classArchive(cacheDir, 'kafka', jars, runDir);
  const service = createService({
    name: 'kafka',
    port,
    logFile: join(runDir, 'kafka.log'),
    stopSignal: 'SIGTERM',
    launch: () => ({
      command: 'java',
      args: [
        '-Xmx512m',
        '-XX:+UseG1GC',
        '-XX:MaxGCPauseMillis=20', // Kafka's own choice of collector
        ...archive.jvmFlags(),
        LOGGER,
        '-cp',
        join(jars, '*'),
        'kafka.Kafka',
        settings,
      ],
    }),
    probe: () => probe(port),
    afterGracefulEnd: archive.keep,
  });
  return {
    ...service,
    portBehindProxy,
    get pid() {
      return service.pid; // the spread has copied a value
    },
  };
}

/**
 * Ready means: the broker answers a metadata request, and counts itself among the brokers that clients may use.
 * Written by hand, because a failing kafkajs client is slow to notice a refused connection and warns of its own timers.
 */
function probe(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: HOST, port, timeout: 5_000 });
    let answer = Buffer.alloc(0);
    socket.once('connect', () => socket.write(METADATA_REQUEST));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < BROKER_COUNT_AT + 4) return;
      const brokers = answer.readInt32BE(BROKER_COUNT_AT);
      socket.destroy(brokers > 0 ? undefined : new StackError('the broker is not registered yet'));
    });
    socket.once('timeout', () => socket.destroy(new StackError('it accepts connections but answers nothing')));
    socket.once('error', reject);
    socket.once('close', () => {
      if (answer.length >= BROKER_COUNT_AT + 4)
        resolve(); // after an 'error' this changes nothing any more
      else reject(new StackError('it closed the connection'));
    });
  });
}

/** Formatting costs a JVM of its own and its result depends on nothing but the version: made once, then copied. */
function formattedData(cacheDir: string, jars: string): Promise<string> {
  return ensureCached(`${jars}-formatted`, async (unfinished) => {
    const data = join(unfinished, 'data');
    const settings = join(unfinished, 'properties');
    await writeFile(settings, serverProperties({ port: 1, controllerPort: 2, dataDir: data }));
    await promisify(execFile)('java', [
      LOGGER,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      join(jars, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      settings,
    ]).catch((error: unknown) => {
      throw new StackError(
        `Kafka's data directory could not be formatted: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
  }).then((directory) => join(directory, 'data'));
}

interface ServerSettings {
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  /** A second way in: clients that come by it are told to come back by the advertised port. */
  readonly proxied?: { readonly port: number; readonly advertised: number } | undefined;
}

function serverProperties({ port, controllerPort, dataDir, proxied }: ServerSettings): string {
  const [listener, advertised] =
    proxied === undefined
      ? ['', '']
      : [`,PROXIED://${HOST}:${proxied.port}`, `,PROXIED://${HOST}:${proxied.advertised}`];
  return `
process.roles=broker,controller
node.id=1
# The static quorum and not controller.quorum.bootstrap.servers: the latter writes the port into the formatted data.
controller.quorum.voters=1@${HOST}:${controllerPort}
listeners=PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}${listener}
advertised.listeners=PLAINTEXT://${HOST}:${port}${advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=${dataDir}
# One node can hold one replica of its own topics.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# A group starts at once, without waiting for more members.
group.initial.rebalance.delay.ms=0
# A broker that was killed may not register anew before the session of its dead self ends: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A typo in a topic's name has to fail.
auto.create.topics.enable=false
# Tests that let records expire need not wait five minutes.
log.retention.check.interval.ms=1000
# The default reserves a quarter of this heap.
log.cleaner.dedupe.buffer.size=16777216
`.trimStart();
}
