import { OpenTelemetry } from '../../../src/adapters/opentelemetry/sdk.ts';
import type { ExportTarget } from '../../../src/ports/exports.ts';
import { otlpReceiver } from '../../support/otlp/receiver.ts';
import { givenLogger, givenServer } from './given.ts';

const target = (url: string): ExportTarget => ({
  url,
  place: `of ${url}`,
  headers: () => ({ authorization: 'Bearer t' }),
  timeout: 1_000,
});

function given(url: string, { interval = 60_000, stopWithin = 60_000 } = {}) {
  const { logger, lines } = givenLogger('info');
  const told = () => lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly endpoint?: string });
  const settings = {
    metrics: { ...target(`${url}/v1/metrics`), interval, patience: 60_000 },
    traces: { ...target(`${url}/v1/traces`), delay: 60_000, batch: 10, queue: 10 },
    version: '1.2.3',
    instanceId: 'this-one',
    stopWithin,
  };
  const it = new OpenTelemetry(settings, logger, () => performance.now());
  return { it, told };
}

describe('the SDK', () => {
  it('exports at its stop what was counted and traced, with its headers, and who has told it', async () => {
    await using receiver = await otlpReceiver();
    const { it: sdk, told } = given(receiver.url);
    sdk.meter?.createCounter('things').add(3, { colour: 'red' });
    sdk.tracer?.startSpan('a thing').end();
    await sdk.stop();
    expect(receiver.points).toMatchObject([{ metric: 'things', kind: 'sum', value: 3, attributes: { colour: 'red' } }]);
    expect(receiver.points[0]?.resource).toMatchObject({
      'service.name': 'licensing',
      'service.version': '1.2.3',
      'service.instance.id': 'this-one',
    });
    expect(receiver.requests.map(({ path }) => path).toSorted()).toEqual(['/v1/metrics', '/v1/traces']);
    for (const { headers } of receiver.requests) expect(headers.authorization).toBe('Bearer t');
    expect(told()).toEqual([]);
  });

  it('tells once that nothing can be exported, and once that it can again', async () => {
    await using receiver = await otlpReceiver();
    receiver.status = 403;
    const { it: sdk, told } = given(receiver.url, { interval: 100 });
    sdk.meter?.createCounter('things').add(1);
    await receiver.until(({ requests }) => (requests.length >= 3 ? true : undefined));
    receiver.status = 200;
    const refused = receiver.requests.length;
    await receiver.until(({ requests }) => (requests.length >= refused + 3 ? true : undefined));
    await sdk.stop();
    expect(told().map(({ msg, endpoint }) => [msg, endpoint])).toEqual([
      ['metrics can not be exported', `of ${receiver.url}/v1/metrics`],
      ['metrics are exported again', undefined],
    ]);
  });

  it('stops within its deadline when the collector says nothing', async () => {
    await using server = await givenServer(() => undefined);
    const { it: sdk, told } = given(server.url, { stopWithin: 100 });
    sdk.meter?.createCounter('things').add(1);
    await sdk.stop();
    expect(told().map(({ msg }) => msg)).toEqual(['the last metrics or traces were not exported in time']);
  });
});
