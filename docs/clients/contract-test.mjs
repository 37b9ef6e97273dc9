// npm install avsc
// LICENSING_SCHEMAS=schemas/released/1.0.0 node --test contract-test.mjs
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import avsc from 'avsc';

const COMMANDS = 'licensing.commands.v1';
const REJECTIONS = 'licensing.rejections.v1';

function typeOf(topic, name) {
  const file = `${process.env.LICENSING_SCHEMAS}/${topic}/${name}.avsc`;
  return avsc.Type.forSchema(JSON.parse(readFileSync(file, 'utf8')));
}

/** Throws where the worker would set a command aside, handle it twice, or handle it out of order. Returns its data. */
function checkCommand({ topic, key, value, headers }, name) {
  assert.equal(value[0], 0, 'a value begins with a zero byte and the schema id in four');
  const data = typeOf(topic, name).fromBuffer(value.subarray(5)); // throws when bytes are missing, or left over
  assert.equal(key, (data.tenantId ?? data.userId).toLowerCase(), 'the key is the tenant, for CreateUser the user');
  assert.ok(headers.ce_id.length >= 1 && headers.ce_id.length <= 256, 'ce_id has up to 256 characters');
  assert.ok(headers.ce_source, 'ce_source is the name of the service');
  return data;
}

/** What the worker writes to a command, framed under a schema id. */
function answerTo(command, topic, name, data, schemaId = 1) {
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(schemaId, 1);
  const headers = {
    ce_type: name,
    ce_causationid: command.headers.ce_id,
    ce_causationsource: command.headers.ce_source,
    ce_answerindex: '0',
    ce_answercount: '1',
  };
  return { topic, key: command.key, value: Buffer.concat([frame, typeOf(topic, name).toBuffer(data)]), headers };
}

// In the place of these two: the functions of your service that make a record, and that read one.
function ourCommand() {
  const value = Buffer.concat([
    Buffer.from([0, 0, 0, 0, 1]),
    typeOf(COMMANDS, 'licensing.commands.CreateUser').toBuffer({ userId: USER }),
  ]);
  return { topic: COMMANDS, key: USER, value, headers: { ce_id: 'sign-up-4711', ce_source: 'shop' } };
}
function ourReader({ topic, value, headers }) {
  return { to: headers.ce_causationid, code: typeOf(topic, headers.ce_type).fromBuffer(value.subarray(5)).code };
}

const USER = '0b9f6b0e-6a3d-4a58-9d43-6d3f3c3a7a11';

test('our command is one that the worker understands', () => {
  assert.deepEqual({ ...checkCommand(ourCommand(), 'licensing.commands.CreateUser') }, { userId: USER });
  assert.deepEqual(ourCommand(), ourCommand(), 'a second try has the same id and the same bytes');
});

test('we read a refusal', () => {
  const command = ourCommand();
  const rejection = answerTo(command, REJECTIONS, 'licensing.rejections.CommandRejected', {
    commandId: command.headers.ce_id,
    commandSource: command.headers.ce_source,
    commandType: 'licensing.commands.CreateUser',
    code: 'UserAlreadyExists',
    message: 'User exists already, or did once.',
    rejectedAt: Date.now(),
    field: null,
    tenantId: null,
    aggregateId: USER,
    correlationId: null,
  });
  assert.deepEqual(ourReader(rejection), { to: 'sign-up-4711', code: 'UserAlreadyExists' });
});
