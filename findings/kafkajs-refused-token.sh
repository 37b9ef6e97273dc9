#!/bin/sh
# kafkajs 2.2.4 with Kafka 4.4.0, SASL OAUTHBEARER: the broker refuses a token by a challenge (RFC 7628, section 3.2.2), which kafkajs takes
# for a success. `connect()` resolves, and the first request after it fails without saying that the token was refused.
# Exits with 1 when that changes. Needs Java 17, Maven, node and npm; installs into a temporary folder, listens on loopback.
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
const servers = [1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
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
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2,BEARER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$1,BEARER://127.0.0.1:$3
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BEARER:SASL_PLAINTEXT
listener.name.bearer.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.bearer.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
log.dirs=$folder/data
offsets.topic.replication.factor=1
PROPERTIES
java -cp 'jars/*' kafka.tools.StorageTool format -t bGljZW5zaW5nLXN0YWNrMQ -c server.properties >/dev/null
java -Xmx512m -cp 'jars/*' kafka.Kafka server.properties >/dev/null 2>&1 &
broker=$!
cat >refused.mjs <<'NODE'
import kafkajs from 'kafkajs';

const { Kafka, logLevel } = kafkajs;
const [, , plain, bearer] = process.argv;
const quiet = { logLevel: logLevel.NOTHING };
const operator = new Kafka({ ...quiet, brokers: [plain], retry: { retries: 240, maxRetryTime: 500 } }).admin();
await operator.connect(); // the broker is up
await operator.disconnect();

/** Kafka's unsecured JSON Web Token (RFC 7519, section 6), which its default validator takes while it holds. */
const tokenThatHoldsFor = (seconds) => {
  const now = Math.floor(Date.now() / 1_000);
  const parts = [{ alg: 'none' }, { sub: 'somebody', iat: now + Math.min(0, seconds) - 60, exp: now + seconds }];
  return `${parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
};
const tried = async (seconds) => {
  const sasl = { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: tokenThatHoldsFor(seconds) }) };
  const admin = new Kafka({ ...quiet, brokers: [bearer], sasl, retry: { retries: 0 } }).admin();
  const told = (work) => work.then(() => 'resolves', (error) => `${error.name}: ${error.message}`);
  const ends = [await told(admin.connect()), await told(admin.listTopics())];
  await admin.disconnect();
  return ends;
};
const [valid, ended] = [await tried(600), await tried(-30)];
console.log('a token that holds: connect', valid[0], '| the first request', valid[1]);
console.log('a token that has ended: connect', ended[0], '| the first request', ended[1]);
process.exit(valid.join() === 'resolves,resolves' && ended[0] === 'resolves' && ended[1] !== 'resolves' ? 0 : 1);
NODE
node --no-warnings refused.mjs "127.0.0.1:$1" "127.0.0.1:$3"
