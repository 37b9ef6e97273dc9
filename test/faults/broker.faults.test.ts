import { freePort } from '../../stack/ports.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import type { World } from '../support/world.ts';
import { down, faultCase, theStack } from './fault-case.ts';

const proxyPort = await freePort();
const stack = theStack({ kafkaProxyPort: proxyPort });
let proxy: TcpProxy;

const WAITS =
  '`waiting for the broker`, `... offset commit`, then `no longer waiting ...`; what is committed waits in the outbox.';
const BRING_BACK = 'Bring the broker back. Nothing else: the worker joins again and publishes what it owes.';
const SILENT =
  '`Request ... timed out` from kafkajs every 10 s, after a minute `waiting for the broker`; then `no longer waiting ...`.';
/** What kafkajs says of a request after 10 s. */
const TIMED_OUT = 'timed out';

faultCase(stack, {
  fault: 'F12',
  what: 'the broker is killed and started again',
  shows: WAITS,
  todo: BRING_BACK,
  async inject({ stack: { kafka }, world }) {
    await kafka.kill();
    await world.worker().logs('waiting for the broker');
    await kafka.start();
  },
  fired: brokerIsBack,
});

faultCase(stack, {
  fault: 'F12',
  what: 'the broker is stopped and started again',
  shows: WAITS,
  todo: BRING_BACK,
  async inject({ stack: { kafka }, world }) {
    await down(kafka);
    await world.worker().logs('waiting for the broker');
    // Nobody can publish what is committed.
    expect(await world.outboxRows()).toBeGreaterThan(0);
    await kafka.start();
  },
  fired: brokerIsBack,
});

faultCase(stack, {
  fault: 'F13',
  what: 'the broker is frozen for longer than the session timeout',
  shows: SILENT,
  todo: BRING_BACK,
  async inject({ stack: { kafka }, world }) {
    kafka.signal('SIGSTOP');
    try {
      // A request is given up after longer than a session lasts.
      await world.worker().logs(TIMED_OUT);
    } finally {
      kafka.signal('SIGCONT');
    }
  },
  fired: requestsTimedOut,
});

faultCase(stack, {
  fault: 'F15',
  what: 'half-open connections to the broker: packets vanish, nothing is reset',
  shows: SILENT,
  todo: 'Mend the network. The worker gives the dead connections up by itself.',
  async begin({ stack: { kafka }, world }) {
    proxy = await TcpProxy.to(kafka.portBehindProxy, proxyPort);
    await world.startWorker({ KAFKA_BROKERS: `127.0.0.1:${proxyPort}` });
  },
  async inject({ world }) {
    // Both go through the proxy, consumer and producer.
    expect(proxy.connections).toBeGreaterThanOrEqual(2);
    proxy.blackhole();
    await world.worker().logs(TIMED_OUT);
    proxy.heal();
  },
  fired: requestsTimedOut,
  end: () => proxy.close(),
});

function brokerIsBack({ world }: { readonly world: World }): void {
  expect(world.worker().log).toContain('waiting for the broker');
  expect(world.worker().log).toContain('no longer waiting for the broker');
  expect(world.worker().exit).toBeUndefined();
}

function requestsTimedOut({ world }: { readonly world: World }): void {
  expect(world.worker().log).toContain(TIMED_OUT);
  expect(world.worker().exit).toBeUndefined();
}
