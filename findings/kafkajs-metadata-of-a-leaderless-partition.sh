#!/bin/sh
# kafkajs 2.2.4 with Kafka 4.4.0: a producer has sent to two topics. The only replica of one of them goes away in good order. Once what the
# producer knows is older than metadataMaxAge (5 minutes by default, 1 s here) it can't send to the other topic either, whose leader is there and
# takes the same message from a producer that knows that topic alone: metadata is asked for of all topics at once, and one partition without a
# leader fails the whole answer. Exits with 1 when that changes. Needs Java 17, Maven, node and npm; installs into a temporary folder, listens on
# loopback.
set -eu
folder=$(mktemp -d)
one= two=
trap 'for broker in $two $one; do kill "$broker" 2>/dev/null || true; wait "$broker" || true; done; rm -rf "$folder"' EXIT
cd "$folder"
cat >pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.4.0</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars
npm init -y >/dev/null
npm install --silent --no-audit --no-fund kafkajs@2.2.4
cat >ports.mjs <<'NODE'
import { createServer } from 'node:net';
const servers = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(servers.map((server) => server.address().port).join(' '));
  for (const server of servers) server.close();
}, 100);
NODE
# shellcheck disable=SC2046
set -- $(node ports.mjs)
controller="$3"
start() { # node, roles, listeners, port
  cat >"$1.properties" <<PROPERTIES
node.id=$1
process.roles=$2
controller.quorum.voters=1@127.0.0.1:$controller
listeners=$3
advertised.listeners=PLAINTEXT://127.0.0.1:$4
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$folder/data-$1
PROPERTIES
  java -cp 'jars/*' kafka.tools.StorageTool format -t bGljZW5zaW5nLXN0YWNrMQ -c "$1.properties" >/dev/null
  java -Xmx384m -cp 'jars/*' kafka.Kafka "$1.properties" >/dev/null 2>&1 &
}
start 1 broker,controller "PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$3" "$1"
one=$!
start 2 broker "PLAINTEXT://127.0.0.1:$2" "$2"
two=$!
cat >send.mjs <<'NODE'
import { connect } from 'node:net';
import kafkajs from 'kafkajs';

const { Kafka, logLevel, Partitioners } = kafkajs;
const [broker, port, pid] = process.argv.slice(2);
const client = (retries) => new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries, maxRetryTime: 500 } });
const admin = client(240).admin();
await admin.connect();
const until = async (holds) => {
  while (!(await holds().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 200));
};
await until(async () => (await admin.describeCluster()).brokers.length === 2);
await admin.createTopics({
  waitForLeaders: true,
  topics: ['stays', 'goes'].map((topic, i) => ({ topic, replicaAssignment: [{ partition: 0, replicas: [i + 1] }] })),
});
const producers = [];
const producer = async () => {
  const made = client(3).producer({ createPartitioner: Partitioners.DefaultPartitioner, metadataMaxAge: 1_000 });
  await made.connect();
  producers.push(made);
  return async (topic) =>
    made.send({ topic, messages: [{ value: 'm' }] }).then(() => 'taken', (error) => error.cause?.type ?? error.type ?? error.name);
};
const both = await producer();
console.log('one producer, two topics:', await both('stays'), await both('goes'));
process.kill(Number(pid), 'SIGTERM');
await until(() => new Promise((resolve) => connect(port, '127.0.0.1').once('error', () => resolve(true)).once('connect', () => resolve(false))));
await until(async () => (await both('goes')) !== 'taken');
const alone = await producer();
await until(async () => (await both('stays')) !== 'taken');
const ends = [await both('stays'), await alone('stays')];
console.log('the broker of one topic has gone; to the other topic, the same producer:', ends[0]);
console.log('and a producer that knows no other topic:', ends[1]);
for (const made of producers) await made.disconnect();
await admin.disconnect();
process.exit(ends[0] === 'LEADER_NOT_AVAILABLE' && ends[1] === 'taken' ? 0 : 1);
NODE
node --no-warnings send.mjs "127.0.0.1:$1" "$2" "$two"
