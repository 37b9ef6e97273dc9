// `npm run test:helm`: lints and renders the chart with each set of values in its folder `ci`, and holds what comes out against the schemas of
// Kubernetes. Downloads helm (built by Go, some minutes the first time) and kubernetes-validate (by Python). Closes with 'N passed, N failed'.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { download, run } from '../stack/downloads.ts';
import { CACHE, CHART, helmProgram } from './helm.ts';

const VALIDATOR = '1.37.0';
/** Of Kubernetes: the oldest that the chart asks for, and the newest that the validator knows. */
const KUBERNETES = ['1.27', '1.37'] as const;
const NEWEST = KUBERNETES[1];

const KEDA_BY_MSK = ['keda.enabled=true', 'settings.KAFKA_SASL_MECHANISM=AWS_MSK_IAM'];
const HALF_OF_OAUTH = [
  'keda.enabled=true',
  'settings.KAFKA_SECURITY_PROTOCOL=SASL_SSL',
  'settings.KAFKA_SASL_MECHANISM=OAUTHBEARER',
  ...['username', 'password'].flatMap((name) => [
    `keda.authentication.${name}.secret=client`,
    `keda.authentication.${name}.key=${name}`,
  ]),
];

/** What must not be rendered, and what it is told. */
const REFUSED: readonly (readonly [what: string, values: readonly string[], says: RegExp])[] = [
  ['no worker at all', ['keda.enabled=true', 'keda.minReplicas=0'], /minReplicas/],
  ['a setting in two places', ['settings.DATABASE_URL=postgres://database/licensing'], /DATABASE_URL stands under/],
  [
    "a job's setting in two places",
    ['jobs.topics.settings.LANES=4', 'jobs.topics.secrets.LANES.secret=a', 'jobs.topics.secrets.LANES.key=b'],
    /LANES stands under/,
  ],
  ['a stack without a broker', ['settings.KAFKA_BROKERS=null'], /KAFKA_BROKERS/],
  ['a secret without its key', ['secrets.DATABASE_URL.key=null'], /DATABASE_URL\/key/],
  ['a value that the chart does not know', ['replica=3'], /replica/],
  ['a number that Helm would round', ['settings.KAFKA_SASL_USERNAME=9007199254740993'], /KAFKA_SASL_USERNAME/],
  ['KEDA without an endpoint of tokens', HALF_OF_OAUTH, /keda\.authentication\.oauthTokenEndpointUri is not set/],
  [
    'KEDA without credentials of AWS',
    [...KEDA_BY_MSK, 'settings.KAFKA_SECURITY_PROTOCOL=SASL_SSL'],
    /keda\.authentication\.awsAccessKeyID is not set/,
  ],
  [
    'KEDA without TLS to Amazon MSK',
    [...KEDA_BY_MSK, 'settings.KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT', 'keda.authenticationRef=there'],
    /expected SASL_SSL/,
  ],
  [
    'KEDA without a region of AWS',
    [...KEDA_BY_MSK, 'settings.KAFKA_SECURITY_PROTOCOL=SASL_SSL', 'keda.authenticationRef=there'],
    /settings\.AWS_REGION is not set/,
  ],
];

/** What becomes of values in a document. */
const RENDERED: readonly (readonly [what: string, values: object, document: RegExp, has: RegExp])[] = [
  [
    'a large integer without an exponent',
    { settings: { QUEUE_MAX_BYTES: Number.MAX_SAFE_INTEGER } },
    /^kind: Deployment$/m,
    /- name: QUEUE_MAX_BYTES\n +value: "9007199254740991"$/m,
  ],
  [
    'a fraction as a fraction',
    { settings: { OTEL_TRACES_SAMPLER_ARG: 0.01 } },
    /^kind: Deployment$/m,
    /- name: OTEL_TRACES_SAMPLER_ARG\n +value: "0.01"$/m,
  ],
  [
    "a job's own setting goes before the worker's, also when it is empty",
    { settings: { DATABASE_IAM: 'aws' }, jobs: { migrate: { settings: { DATABASE_IAM: '' } } } },
    /^ {2}name: rendered-migrate$/m,
    /- name: DATABASE_IAM\n +value: ""$/m,
  ],
  [
    "the other jobs have the worker's",
    { settings: { DATABASE_IAM: 'aws' }, jobs: { migrate: { settings: { DATABASE_IAM: '' } } } },
    /^ {2}name: rendered-schemas$/m,
    /- name: DATABASE_IAM\n +value: "aws"$/m,
  ],
  [
    'KEDA signs for Amazon MSK',
    {
      settings: {
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM',
        AWS_REGION: 'eu-central-1',
      },
      keda: { enabled: true, authentication: { awsRoleArn: { secret: 'keda', key: 'role' } } },
    },
    /^kind: ScaledObject$/m,
    /tls: enable\n +sasl: oauthbearer\n +saslTokenProvider: aws_msk_iam\n +awsRegion: "eu-central-1"$/m,
  ],
  [
    'KEDA asks for tokens where its Secret says',
    {
      settings: { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'OAUTHBEARER' },
      keda: {
        enabled: true,
        authentication: Object.fromEntries(
          ['username', 'password', 'oauthTokenEndpointUri', 'scopes'].map((key) => [key, { secret: 'client', key }]),
        ),
      },
    },
    /^kind: TriggerAuthentication$/m,
    /- \{ parameter: oauthTokenEndpointUri, name: client, key: "oauthTokenEndpointUri" \}$/m,
  ],
];

/** When each job runs, by what it does. */
const HOOKS = {
  '["migrate","up"]': 'pre-install,pre-upgrade',
  '["topics","create"]': 'pre-install,pre-upgrade',
  '["schemas","register","--written"]': 'pre-upgrade',
  '["schemas","register"]': 'pre-install,post-upgrade',
};

/** The longest that helm allows for a release. */
const LONGEST_RELEASE = 'a'.repeat(53);
/** The longest that Kubernetes allows for a Job: its name becomes the label `job-name`. */
const LONGEST_NAME = 63;

interface Done {
  readonly code: number | null;
  readonly said: string;
}

const results: boolean[] = [];

function check(what: string, holds: boolean, said: string): void {
  results.push(holds);
  console.log(`${holds ? 'ok      ' : 'NOT OK  '} ${what}${holds ? '' : `\n${said}`}`);
}

function call(command: string, ...args: readonly string[]): Done {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { code: status, said: stdout + stderr };
}

function template(release: string, ...args: readonly string[]): Done {
  return call(helm, 'template', release, CHART, '--kube-version', NEWEST, ...args);
}

function documentsOf({ said }: Done): readonly string[] {
  return said.split(/^---$/m).filter((text) => /^kind:/m.test(text));
}

function isOfKeda(text: string): boolean {
  return text.includes('apiVersion: keda.sh/');
}

const helm = await helmProgram();
const environment = await download(CACHE, console.log, {
  what: `kubernetes-validate ${VALIDATOR}`,
  cacheName: `kubernetes-validate-${VALIDATOR}`,
  fetch: async (directory, logFile) => {
    await run('python3', ['-m', 'venv', directory], logFile);
    const pip = [join(directory, 'bin', 'python'), '-m', 'pip', 'install', '--no-input'] as const;
    await run(pip[0], [...pip.slice(1), `kubernetes-validate==${VALIDATOR}`], logFile);
  },
});

const folder = mkdtempSync(join(tmpdir(), 'licensing-chart-'));
try {
  for (const values of globSync('ci/*.yaml', { cwd: CHART }).sort()) {
    const name = basename(values, '.yaml');
    const given = ['--values', join(CHART, values)];
    const linted = call(helm, 'lint', '--strict', CHART, ...given);
    check(`${name}: helm lint`, linted.code === 0, linted.said);
    const rendered = template(name, ...given);
    check(`${name}: helm template`, rendered.code === 0, rendered.said);
    const documents = documentsOf(rendered);
    // The validator knows no types of others.
    const ours = documents.filter((text) => !isOfKeda(text));
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, ours.join('---\n'));
    for (const version of KUBERNETES) {
      const valid = call(
        join(environment, 'bin', 'python'),
        '-m',
        'kubernetes_validate',
        '--strict',
        '-k',
        version,
        file,
      );
      check(
        `${name}: ${ours.length} resources fit Kubernetes ${version}`,
        valid.code === 0 && ours.length > 0,
        valid.said,
      );
    }
    const hooks: unknown = Object.fromEntries(
      documents
        .filter((text) => /^kind: Job$/m.test(text))
        .map((text) => [/args: (.*)/.exec(text)?.[1], /hook: (.*)/.exec(text)?.[1]]),
    );
    check(
      `${name}: what is new in commands is registered behind the upgrade`,
      isDeepStrictEqual(hooks, HOOKS),
      JSON.stringify(hooks),
    );
    const scaled = documents.find((text) => /^kind: ScaledObject$/m.test(text));
    if (scaled === undefined) continue;
    const triggers = scaled.match(/- type: kafka/g)?.length;
    check(`${name}: a trigger for each source topic`, triggers === 3, scaled);
    check(
      `${name}: each begins at the beginning`,
      scaled.match(/offsetResetPolicy: earliest/g)?.length === triggers,
      scaled,
    );
    check(`${name}: never below one`, /minReplicaCount: [1-9]/.test(scaled), scaled);
  }
  const names = documentsOf(template(LONGEST_RELEASE, '--values', join(CHART, 'ci', 'full.yaml'))).map((text) => {
    const [, kind] = /^kind: (.*)$/m.exec(text) ?? [];
    const [, name = ''] = /^metadata:\n {2}name: (.*)$/m.exec(text) ?? [];
    return { name, path: `${kind}/${name}` };
  });
  check(
    `a release with a name of ${LONGEST_RELEASE.length} characters: ${names.length} names of ${LONGEST_NAME} at most, each different`,
    names.length > 0 &&
      names.every(({ name }) => name.startsWith(LONGEST_RELEASE) && name.length <= LONGEST_NAME) &&
      new Set(names.map(({ path }) => path)).size === names.length,
    names.map(({ path, name }) => `${path} (${name.length})`).join('\n'),
  );
  const minimal = ['--values', join(CHART, 'ci', 'minimal.yaml')];
  for (const [what, values, document, has] of RENDERED) {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const rendered = template('rendered', ...minimal, '--values', file);
    const found = documentsOf(rendered).filter((text) => document.test(text));
    check(`rendered: ${what}`, found.length === 1 && found.every((text) => has.test(text)), rendered.said);
  }
  for (const [what, values, says] of REFUSED) {
    const { code, said } = template('refused', ...minimal, ...values.flatMap((one) => ['--set', one]));
    check(`refused: ${what}`, code !== 0 && says.test(said), said);
  }
} finally {
  rmSync(folder, { recursive: true });
}

const passed = results.filter(Boolean).length;
console.log(`${passed} passed, ${results.length - passed} failed`);
process.exitCode = passed === results.length ? 0 : 1;
