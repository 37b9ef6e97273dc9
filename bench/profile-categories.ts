/** The categories of the worker's CPU time, in the order of a command's way. */
export const CATEGORIES = [
  'consume',
  'decode',
  'dispatch',
  'domain',
  'unit of work',
  'SQL building',
  'driver',
  'encode',
  'produce',
  'garbage collection',
  'other',
  'idle',
] as const;

export type Category = (typeof CATEGORIES)[number];

/** Patterns of a file, or of a function where one file does two things. The first pattern that fits counts. */
const RULES: readonly (readonly [category: Category, url: RegExp, functionName?: RegExp])[] = [
  ['consume', /kafkajs\/src\/(consumer|protocol\/requests\/fetch|protocol\/decoder|protocol\/recordBatch.*decoder)/],
  [
    'consume',
    /src\/adapters\/(kafka-consumer|kafkajs\/(record-decoder|record-batches|aborted-records|positions)\.|compression\/)/,
  ],
  ['produce', /kafkajs\/src\/(producer|protocol\/requests\/produce|protocol\/encoder|protocol\/recordBatch)/],
  ['produce', /src\/adapters\/(kafka-producer|partitioner|kafkajs)/],
  ['encode', /src\/adapters\/avro\//, /^encode/],
  ['encode', /src\/adapters\/header-writer/],
  ['encode', /src\/adapters\/cloud-events/, /^(write|eventId|uuidOf|headersOf|keyOf|templateOf|timeText)$/],
  ['decode', /src\/adapters\/(avro\/|cloud-events)/],
  ['dispatch', /src\/worker\//],
  ['domain', /src\/(domain|handlers)\//],
  ['unit of work', /src\/uow\//],
  ['SQL building', /src\/repos\//],
  ['driver', /node_modules\/(pg|pg-protocol|pg-pool|pg-types|postgres-.*|knex|tarn)\//],
];

export function categoryOf(
  { functionName, url }: { readonly functionName: string; readonly url: string },
  caller: Category,
): Category {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(idle)') return 'idle';
  const rule = RULES.find(([, file, name]) => file.test(url) && (name?.test(functionName) ?? true));
  return rule?.[0] ?? caller;
}

/** Why a category can't be much smaller. */
export const REASONS: Readonly<Record<Category, string>> = {
  consume:
    'kafkajs reads each response and makes an object a record; its decoder is ours already, in one pass (decision 8)',
  decode: 'two SHA-256 a command (identity and digest), five texts out of Avro, and their UTF-8 check',
  dispatch: 'one task and one asynchronous step a command; the rest are look-ups in maps',
  domain: 'validation of three UUIDs and one new state a command; states are values and never changed in place',
  'unit of work': 'maps from keys to rows: what makes one transaction out of 2,000 commands',
  'SQL building':
    'some twelve UUIDs a command from text to 16 bytes each, into arrays that the driver sends as they are',
  driver: 'a system call a statement for a megabyte of parameters, and the rows that come back',
  encode: 'Avro and a dozen headers, written once and copied from there on',
  produce: 'records are copied into a batch, a checksum is made over it, and a system call sends it',
  'garbage collection':
    'what is in flight is copied twice before it is old; a larger young generation is more memory, a smaller heap twice the CPU (decision 12)',
  other: 'timers, start and connections',
  idle: 'the main thread waits for the database or the broker',
};
