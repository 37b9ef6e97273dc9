import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { asValue } from 'awilix/browser';
import { callAgain, explainCall, type Sending } from '../../../src/cli/send-again.ts';
import { sendOne } from '../../../src/cli/send-one.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import { givenCradle } from '../../support/given-cradle.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const TYPE = 'licensing.commands.CreateTenant';
const SENDING: Sending = {
  ...{ source: 'licensing-cli', correlationId: undefined, key: undefined },
  ...{ wait: false, timeout: 30_000, json: false },
};

function wordsIn(call: string): readonly string[] {
  const told = execFileSync('bash', ['--norc', '-c', `licensing() { printf '%s\\0' "$@"; }\n${call}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { LC_ALL: 'C.UTF-8' },
  });
  return told.split('\0').slice(0, -1);
}

describe('the call that sends a message again', () => {
  test.each([
    `plain`,
    `it's "quoted", $HOME \`date\` \\n !! *`,
    'a line\nof its own\u001b[2K\u0085',
    '',
    '~',
    '\u007f\\',
  ])('passes a shell as it is: %j', (text) => {
    const data = { name: text, address: null };
    const call = callAgain(
      { type: TYPE, id: text, data },
      { ...SENDING, source: text, correlationId: text, key: text },
    );
    expect(call).not.toMatch(/\p{Cc}/u);
    const [verb, type, json = '', ...options] = wordsIn(call);
    expect([verb, type, JSON.parse(json), options]).toEqual([
      ...['send', 'CreateTenant', data],
      ['--id', text, '--source', text, '--correlation-id', text, '--key', text],
    ]);
    expect(wordsIn(explainCall(text, text))).toEqual(['explain', '--source', text, '--id', text]);
  });

  test('has what was asked for beside the message, and no value that is an option', () => {
    const options = { ...SENDING, wait: true, timeout: 60_000, json: true };
    expect(callAgain({ type: TYPE, id: '--wait', data: {} }, options)).toBe(
      `licensing send CreateTenant '{}' --id=--wait --source licensing-cli --wait --timeout 60 --json`,
    );
  });
});

describe('one message', () => {
  const written: string[] = [];
  const { write } = process.stderr;
  beforeEach(() => {
    written.length = 0;
    process.stderr.write = (text) => written.push(String(text)) > 0;
  });
  afterEach(() => (process.stderr.write = write));

  /** @param publish what becomes of the message */
  async function send(publish: () => Promise<void>): Promise<number> {
    const cradle = await givenCradle({ producer: asValue({ publish, stop: async () => undefined }) });
    return sendOne(cradle, TYPE, { name: 'Globex' }, { ...SENDING, id: undefined });
  }

  /** @returns what is told of a message that may have arrived */
  function toldOf(reason: string): readonly unknown[] {
    const [first, id = '', data = '', sentence, call = '', ...more] = written.join('').split('\n');
    expect([first, sentence, more]).toEqual([`licensing send: ${reason}`, expect.stringContaining('may have'), ['']]);
    const words = wordsIn(call);
    expect(words).toEqual(['send', 'CreateTenant', data.slice(6), '--id', id.slice(6), '--source', 'licensing-cli']);
    return [JSON.parse(words[2] ?? '')];
  }

  const COMPLETED = [expect.objectContaining({ name: 'Globex', tenantId: expect.any(String), email: '' })];

  test('that no broker acknowledges is told with the call that sends it again', async () => {
    const code = await send(() => Promise.reject(new PublicationFailed([], new Error('gone\nlicensing send: sent'))));
    expect([code, toldOf('KAFKA_BROKERS 127.0.0.1:1: gone\\u000alicensing send: sent')]).toEqual([1, COMPLETED]);
  });

  test('that is under way at a Ctrl-C is told so, too', async () => {
    const code = await send(() => {
      process.emit('SIGINT');
      return new Promise(() => undefined);
    });
    expect([code, toldOf('stopped')]).toEqual([1, COMPLETED]);
  });

  test('that the broker refuses has not arrived: nothing is to be sent again', async () => {
    const refusal = Object.assign(new Error('too large'), { name: 'KafkaJSProtocolError', retriable: false });
    await expect(send(() => Promise.reject(refusal))).rejects.toThrow('too large');
    expect(written).toEqual([]);
  });

  test.each(['', 'x'.repeat(257)])('has an id as in a file: not %#', (id) => {
    const { status, stderr: told } = spawnSync(process.execPath, [MAIN, 'send', 'CreateTenant', '{}', '--id', id]);
    expect([status, String(told)]).toEqual([
      2,
      'licensing send: its id must have 1 to 256 characters, none of them U+0000\n',
    ]);
  });
});
