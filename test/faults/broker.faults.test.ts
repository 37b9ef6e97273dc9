import { freePort } from '../../stack/ports.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { brokerOf, coordinatorOf, wholeAgain } from './cluster.ts';
import { down, faultCase, theStack } from './fault-case.ts';

const proxyPorts = [await freePort(), await freePort(), await freePort()];
const stack = theStack({ brokers: 3, kafkaProxyPorts: proxyPorts });
let proxies: readonly TcpProxy[] = [];

const WAITS =
  '`waiting for the broker`, `... offset commit`, then `no longer waiting ...`; what is committed waits in the outbox.';
const BRING_BACK = 'Bring the brokers back. Nothing else: the worker joins again and publishes what it owes.';
const SILENT =
  '`Request ... timed out` from kafkajs every 10 s, after a minute `waiting for the broker`; then `no longer waiting ...`.';
/** kafkajs complains of an unanswered request after 10 s. */
const TIMED_OUT = 'timed out';

faultCase(stack, {
  fault: 'F12',
  what: 'all brokers are killed and started again',
  shows: WAITS,
  todo: BRING_BACK,
  async inject({ stack: { brokers }, world }) {
    await Promise.all(brokers.map((broker) => broker.kill()));
    await world.worker().logs('waiting for the broker');
    await Promise.all(brokers.map((broker) => broker.start()));
  },
  fired: brokersAreBack,
});

faultCase(stack, {
  fault: 'F12',
  what: 'all brokers are stopped and started again',
  shows: WAITS,
  todo: BRING_BACK,
  async inject({ stack: { kafka, brokers }, world }) {
    await down(kafka);
    // The last two brokers can't end gracefully: neither has anybody to hand over to.
    await Promise.all(brokers.map((broker) => broker.kill()));
    await world.worker().logs('waiting for the broker');
    // What is committed stays in the outbox.
    expect(await world.outboxRows()).toBeGreaterThan(0);
    await Promise.all(brokers.map((broker) => broker.start()));
  },
  fired: brokersAreBack,
});

faultCase(stack, {
  fault: 'F13',
  what: 'all brokers are frozen for longer than the session timeout',
  shows: SILENT,
  todo: BRING_BACK,
  async inject({ stack: { brokers }, world }) {
    for (const broker of brokers) broker.signal('SIGSTOP');
    try {
      // kafkajs gives a request up only after more than a session.
      await world.worker().logs(TIMED_OUT);
    } finally {
      for (const broker of brokers) broker.signal('SIGCONT');
    }
  },
  fired: requestsTimedOut,
});

faultCase(stack, {
  fault: 'F13',
  what: "the broker that coordinates the worker's group is frozen for longer than the session timeout",
  shows: SILENT,
  todo: 'Nothing: others lead meanwhile. Bring the broker back, as there is none to spare.',
  async inject({ stack: cluster, world }) {
    const coordinator = await coordinatorOf(world);
    brokerOf(cluster, coordinator).signal('SIGSTOP');
    try {
      await world.worker().logs(TIMED_OUT);
      await until('another one coordinates', async () => (await coordinatorOf(world)) !== coordinator, 60_000);
    } finally {
      brokerOf(cluster, coordinator).signal('SIGCONT');
    }
    await wholeAgain(world, cluster);
  },
  fired: requestsTimedOut,
});

faultCase(stack, {
  fault: 'F15',
  what: 'half-open connections to the broker: packets vanish, nothing is reset',
  shows: SILENT,
  todo: 'Mend the network. The worker gives the dead connections up by itself.',
  async begin({ stack: { brokers }, world }) {
    proxies = await Promise.all(brokers.map(({ portBehindProxy }, i) => TcpProxy.to(portBehindProxy, proxyPorts[i])));
    await world.startWorker({ KAFKA_BROKERS: proxyPorts.map((port) => `127.0.0.1:${port}`).join(',') });
  },
  async inject({ world }) {
    // Consumer and producer both go through the proxies.
    for (const { connections } of proxies) expect(connections).toBeGreaterThanOrEqual(2);
    for (const proxy of proxies) proxy.blackhole();
    await world.worker().logs(TIMED_OUT);
    for (const proxy of proxies) proxy.heal();
  },
  fired: requestsTimedOut,
  async end() {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  },
});

function brokersAreBack({ world }: { readonly world: World }): void {
  expect(world.worker().log).toContain('waiting for the broker');
  expect(world.worker().log).toContain('no longer waiting for the broker');
  expect(world.worker().exit).toBeUndefined();
}

function requestsTimedOut({ world }: { readonly world: World }): void {
  expect(world.worker().log).toContain(TIMED_OUT);
  expect(world.worker().exit).toBeUndefined();
}
