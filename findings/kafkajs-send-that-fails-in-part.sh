#!/bin/sh
# kafkajs 2.2.4 with Kafka 4.4.0: of a send to two topics on one broker, one refuses its share (MESSAGE_TOO_LARGE) and the other takes its own.
# The send rejects, and its error tells nothing of the share that was taken and acknowledged in the same answer: whoever repeats the send
# has that one twice. Exits with 1 when that changes. Needs Java 17, Maven, node and npm; installs into a temporary folder, listens on loopback.
set -eu
folder=$(mktemp -d)
broker=
trap 'test -z "$broker" || { kill "$broker"; wait "$broker" || true; }; rm -rf "$folder"' EXIT
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
const servers = [1, 2].map(() => createServer().listen(0, '127.0.0.1'));
setTimeout(() => {
  console.log(servers.map((server) => server.address().port).join(' '));
  for (const server of servers) server.close();
}, 100);
NODE
# shellcheck disable=SC2046
set -- $(node ports.mjs)
cat >server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$2
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$folder/data
offsets.topic.replication.factor=1
PROPERTIES
java -cp 'jars/*' kafka.tools.StorageTool format -t bGljZW5zaW5nLXN0YWNrMQ -c server.properties >/dev/null
java -Xmx512m -cp 'jars/*' kafka.Kafka server.properties >/dev/null 2>&1 &
broker=$!
cat >send.mjs <<'NODE'
import kafkajs from 'kafkajs';

const { Kafka, logLevel, Partitioners } = kafkajs;
const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING, retry: { retries: 240, maxRetryTime: 500 } });
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({
  waitForLeaders: true,
  topics: [
    { topic: 'small', numPartitions: 1, configEntries: [{ name: 'max.message.bytes', value: '1000' }] },
    { topic: 'large', numPartitions: 1 },
  ],
});
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 0 } });
await producer.connect();
const messages = [{ value: 'x'.repeat(10_000) }];
const end = await producer
  .sendBatch({ acks: -1, topicMessages: [{ topic: 'small', messages }, { topic: 'large', messages }] })
  .catch((error) => error);
const [{ high }] = await admin.fetchTopicOffsets('large');
const tells = JSON.stringify(end, Object.getOwnPropertyNames(end));
console.log('the send:', end.name, end.type ?? end.cause?.type);
console.log('records in the topic that took its share:', high);
console.log('the error names that topic:', /"large"/.test(tells));
await producer.disconnect();
await admin.disconnect();
process.exit(end instanceof Error && high === '1' && !/"large"/.test(tells) ? 0 : 1);
NODE
node --no-warnings send.mjs "127.0.0.1:$1"
