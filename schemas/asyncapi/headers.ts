// The headers of messages (CloudEvents 1.0, Kafka's binary mode), as schemas. A test compares them with what is written.
import type { Yaml } from './yaml.ts';

const TEXT = { type: 'string' } as const;
const UUID = { type: 'string', format: 'uuid' } as const;
const TIME = { type: 'string', format: 'date-time' } as const;
const DIGITS = { type: 'string', pattern: '^[0-9]+$' } as const;

const CORRELATION = {
  ...TEXT,
  description: 'Carried on to everything that follows. Default: the `ce_id` of the first.',
};
const TRACE = { ...TEXT, description: 'W3C trace context, carried on to everything that follows.' };

/** What may come with a message that the worker reads. Each is optional; without `ce_id`, a retry of the producer takes effect again. */
const READ = {
  ce_id: { ...TEXT, minLength: 1, maxLength: 256, description: 'Chosen before the first try, and the same at each.' },
  ce_source: { ...TEXT, description: 'The name of the sending service, always the same; `ce_id` is unique within it.' },
  ce_specversion: { ...TEXT, const: '1.0' },
  ce_type: { ...TEXT, description: 'Full name of the type. For people: the schema of the value decides.' },
  ce_time: TIME,
  ce_correlationid: CORRELATION,
  'content-type': { ...TEXT, const: 'application/avro' },
  traceparent: TRACE,
} as const;

const WRITTEN = {
  ce_specversion: { ...TEXT, const: '1.0' },
  ce_id: { ...UUID, description: 'The same at every repetition: drop what you have seen.' },
  ce_type: { ...TEXT, description: 'Full name of the type.' },
  ce_source: { ...TEXT, description: '`EVENT_SOURCE` of the worker.' },
  ce_time: { ...TIME, description: 'The time of the message that has brought this about.' },
  ce_subject: { ...TEXT, description: 'Id of the aggregate.' },
  ce_correlationid: CORRELATION,
  ce_causationid: { ...TEXT, description: '`ce_id` of what has brought this about.' },
  'content-type': { ...TEXT, const: 'application/avro' },
} as const;

const ANSWER = {
  ce_causationsource: { ...TEXT, description: '`ce_source` of what has brought this about; empty if it had none.' },
  ce_answerindex: { ...DIGITS, description: 'Which of all answers to its cause this is, from 0.' },
  ce_answercount: { ...DIGITS, description: 'How many there are: a waiter with all of them has the whole answer.' },
} as const;

const LETTER = {
  'dlq-reason': { ...TEXT, description: 'Why; the reasons and what to do about each stand in docs/messages.md.' },
  'dlq-message': { ...TEXT, description: 'What is wrong, in a sentence.' },
  'dlq-exception': { ...TEXT, description: 'The error, with its stack for a fault of the worker.' },
  'dlq-topic': { ...TEXT, description: 'Where the message lies.' },
  'dlq-partition': DIGITS,
  'dlq-offset': DIGITS,
  'dlq-timestamp': { ...TEXT, description: 'Of the original record, milliseconds since the epoch.' },
  'dlq-group': { ...TEXT, description: 'The group of the workers.' },
  'dlq-time': { ...TIME, description: 'When it was set aside.' },
} as const;

const OMITTED = {
  'dlq-omitted-bytes': {
    ...DIGITS,
    description: 'Size of a message that does not fit its topic: it has no value here.',
  },
} as const;

/** By name, as components. */
export const HEADERS = {
  read: object({}, READ),
  written: object(WRITTEN, { traceparent: TRACE }),
  answer: object({ ...WRITTEN, ...ANSWER }, { traceparent: TRACE }),
  letter: object(LETTER, OMITTED),
} as const satisfies Readonly<Record<string, Yaml>>;

function object<R extends Record<string, Yaml>, O extends Record<string, Yaml>>(required: R, optional: O) {
  const names = Object.keys(required);
  return { type: 'object', ...(names.length > 0 && { required: names }), properties: { ...required, ...optional } };
}
