// `node validate.mjs FOLDER FILE`: prints what the parser of AsyncAPI, installed in the folder, makes of the file, as JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder, file] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const { Parser } = require('@asyncapi/parser');
const { AvroSchemaParser } = require('@asyncapi/avro-schema-parser');

const parser = new Parser();
parser.registerSchemaParser(AvroSchemaParser());
const { document, diagnostics } = await parser.parse(readFileSync(file, 'utf8'));
const faults = diagnostics.map(({ severity, path, message }) => ({ severity, at: path.join('.'), message }));
const operations = document?.operations().all() ?? [];
console.log(
  JSON.stringify({
    faults,
    operations: operations.map((one) => ({
      id: one.id(),
      messages: one
        .messages()
        .all()
        .map((message) => message.name()),
    })),
  }),
);
