import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
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
/** Where the brokers begin in the answer: behind size, correlation id and throttle time, four bytes each. */
const BROKER_COUNT_AT = 12;
const CLUSTER_ID = 'bGljZW5zaW5nLXN0YWNrMQ';
/** The only broker of a stack, or the first of its three. */
const FIRST = 1;

export interface KafkaService extends Service {
  /** Kafka's `node.id`, from 1 on. */
  readonly nodeId: number;
  /** The port to which a test's proxy connects; see `StackOptions.kafkaProxyPorts`. */
  readonly portBehindProxy: number;
  /** The port of each listener of `KafkaAddition`, by its name. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What a test's brokers have beside the plain listener, over which they talk to each other. */
export interface KafkaAddition {
  /** The protocol of each further listener, by its name; each gets a port of its own. */
  readonly listeners?: Readonly<Record<string, 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'>>;
  /** Lines of server.properties. */
  readonly properties?: (nodeId: number) => readonly string[];
  /** As Kafka's StorageTool takes them: `SCRAM-SHA-512=[name=app,password=...]`. */
  readonly scram?: readonly string[];
  readonly jvmFlags?: readonly string[];
  /** A folder of classes. */
  readonly classes?: string;
}

/** One broker, or three that form a cluster. */
export interface KafkaCluster {
  readonly brokers: readonly KafkaService[];
  /** Starts all brokers at the same time: of three, none answers before it has found another. */
  readonly start: () => Promise<void>;
  /** Stops the whole cluster. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
}

/** Makes brokers that are controllers too (KRaft), with empty data; they are not started yet. */
export async function createKafka(around: ServiceSurroundings, options: KafkaOptions): Promise<KafkaCluster> {
  const jars = await kafkaJars(around.cacheDir, around.log);
  const nodes: Node[] = [];
  for (let id = FIRST; id <= options.brokers; id++)
    nodes.push({
      id,
      port: await freePort(),
      controllerPort: await freePort(),
      portBehindProxy: await freePort(),
      proxyPort: options.proxyPorts?.[id - FIRST],
      added: await portsOf(options.added),
    });
  const brokers = await Promise.all(nodes.map((node) => createBroker(around, jars, node, nodes, options)));
  const each = async (work: (broker: KafkaService) => Promise<void>): Promise<void> => {
    await Promise.all(brokers.map(work));
  };
  return {
    brokers,
    start: () => each((broker) => broker.start()),
    stop: async () => {
      const [first, ...others] = brokers;
      await first?.stop();
      // The last two of three can't end gracefully: a handover needs two that agree.
      await Promise.all(others.map((broker) => broker.kill()));
    },
    kill: () => each((broker) => broker.kill()),
  };
}

export interface KafkaOptions {
  /** With one broker nothing is replicated. With three, each of them has everything, and two have to have it for an acknowledgment. */
  readonly brokers: 1 | 3;
  /** See `StackOptions.kafkaProxyPorts`. */
  readonly proxyPorts?: readonly number[] | undefined;
  readonly added?: KafkaAddition | undefined;
  /** See `StackOptions.fewRequests`. */
  readonly fewRequests?: boolean;
}

interface Node {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** The second listener, which tells clients to come back by the proxy's port. */
  readonly portBehindProxy: number;
  readonly proxyPort: number | undefined;
  readonly added: readonly AddedListener[];
}

interface AddedListener {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

async function portsOf({ listeners = {} }: KafkaAddition = {}): Promise<readonly AddedListener[]> {
  const added: AddedListener[] = [];
  for (const [name, protocol] of Object.entries(listeners)) added.push({ name, protocol, port: await freePort() });
  return added;
}

async function createBroker(
  { cacheDir, runDir }: ServiceSurroundings,
  jars: string,
  node: Node,
  nodes: readonly Node[],
  { fewRequests = false, added: { properties = () => [], scram = [], jvmFlags = [], classes } = {} }: KafkaOptions,
): Promise<KafkaService> {
  const { id, port, portBehindProxy } = node;
  const name = nodes.length === 1 ? 'kafka' : `kafka-${id}`;
  const home = join(runDir, `${name}-${port}`);
  const dataDir = join(home, 'data');
  const settings = join(home, 'server.properties');
  await mkdir(home);
  await writeFile(settings, [serverProperties(node, nodes, dataDir), ...properties(id)].join('\n'));
  // Formatted data holds the credentials of SCRAM.
  if (scram.length > 0) await format(jars, settings, scram);
  else await copyDirectory(await formattedData(jars, id), dataDir);
  const archive = classArchive(cacheDir, 'kafka', jars, home);
  const service = createService({
    name,
    port,
    logFile: join(runDir, `${name}.log`),
    stopSignal: 'SIGTERM',
    launch: () => ({
      command: 'java',
      args: [
        '-Xmx512m',
        // Within minutes, compiling anything for good and collecting beside the work take longer than they save.
        ...(fewRequests
          ? ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
          : ['-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']), // Kafka's own choice of collector
        ...archive.jvmFlags(),
        ...jvmFlags,
        LOGGER,
        '-cp',
        [join(jars, '*'), ...(classes === undefined ? [] : [classes])].join(delimiter),
        'kafka.Kafka',
        settings,
      ],
    }),
    probe: () => probe(port),
    afterGracefulEnd: archive.keep,
  });
  return {
    ...service,
    nodeId: id,
    portBehindProxy,
    ports: Object.fromEntries(node.added.map((listener) => [listener.name, listener.port])),
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
    let registered = false;
    socket.once('connect', () => socket.write(METADATA_REQUEST));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) return;
      registered = brokerPorts(answer).includes(port);
      socket.destroy(registered ? undefined : new StackError('the broker is not registered yet'));
    });
    socket.once('timeout', () => socket.destroy(new StackError('it accepts connections but answers nothing')));
    socket.once('error', reject);
    socket.once('close', () => {
      if (registered) resolve();
      else reject(new StackError('it closed the connection')); // after an 'error' this changes nothing any more
    });
  });
}

/** The ports of the brokers that a metadata answer (version 4) names, each by id, host, port and rack. */
function brokerPorts(answer: Buffer): readonly number[] {
  let at = BROKER_COUNT_AT;
  const int16 = (): number => answer.readInt16BE((at += 2) - 2);
  const int32 = (): number => answer.readInt32BE((at += 4) - 4);
  const skipText = (): void => {
    const length = int16();
    at += Math.max(0, length); // -1: no text
  };
  return Array.from({ length: int32() }, () => {
    int32(); // its id
    skipText();
    const port = int32();
    skipText();
    return port;
  });
}

/** Formatting costs a JVM of its own and its result depends on nothing but version and node: made once, then copied. */
function formattedData(jars: string, id: number): Promise<string> {
  return ensureCached(`${jars}-formatted-${id}`, async (unfinished) => {
    const data = join(unfinished, 'data');
    const settings = join(unfinished, 'properties');
    const node = { id, port: 1, controllerPort: 2, portBehindProxy: 3, proxyPort: undefined, added: [] };
    await writeFile(settings, serverProperties(node, [node], data));
    await format(jars, settings);
  }).then((directory) => join(directory, 'data'));
}

async function format(jars: string, settings: string, scram: readonly string[] = []): Promise<void> {
  const tool = [
    LOGGER,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
  ];
  const credentials = scram.flatMap((one) => ['--add-scram', one]);
  await promisify(execFile)('java', [...tool, 'format', '-t', CLUSTER_ID, '-c', settings, ...credentials]).catch(
    (error: unknown) => {
      throw new StackError(
        `Kafka's data directory could not be formatted: ${error instanceof Error ? error.message : String(error)}`,
      );
    },
  );
}

function serverProperties(node: Node, nodes: readonly Node[], dataDir: string): string {
  const { id, port, controllerPort, portBehindProxy, proxyPort, added } = node;
  const further = added.map(({ name, port: at }) => `,${name}://${HOST}:${at}`).join('');
  const protocols = added.map(({ name, protocol }) => `,${name}:${protocol}`).join('');
  const [listener, advertised] =
    proxyPort === undefined ? ['', ''] : [`,PROXIED://${HOST}:${portBehindProxy}`, `,PROXIED://${HOST}:${proxyPort}`];
  const replicas = nodes.length;
  const inSync = replicas === 1 ? 1 : replicas - 1;
  return `
process.roles=broker,controller
node.id=${id}
# The static quorum and not controller.quorum.bootstrap.servers: the latter writes the port into the formatted data.
controller.quorum.voters=${nodes.map((one) => `${one.id}@${HOST}:${one.controllerPort}`).join(',')}
listeners=PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}${listener}${further}
advertised.listeners=PLAINTEXT://${HOST}:${port}${advertised}${further}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT${protocols}
inter.broker.listener.name=PLAINTEXT
log.dirs=${dataDir}
# Everything is on every broker, Kafka's own topics included.
default.replication.factor=${replicas}
min.insync.replicas=${inSync}
offsets.topic.replication.factor=${replicas}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${inSync}
share.coordinator.state.topic.replication.factor=${replicas}
share.coordinator.state.topic.min.isr=${inSync}
# Leaders go back when a test says so, and not by themselves amid the next one.
auto.leader.rebalance.enable=false
# A group starts at once, without waiting for more members.
group.initial.rebalance.delay.ms=0
# A broker that was killed may not register anew before the session of its dead self ends: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A typo in a topic's name has to fail.
auto.create.topics.enable=false
# Tests that let records expire need not wait five minutes.
log.retention.check.interval.ms=1000
# Nor a quarter of a minute until a topic is compacted.
log.cleaner.backoff.ms=500
# The default reserves a quarter of this heap.
log.cleaner.dedupe.buffer.size=16777216
`.trimStart();
}
