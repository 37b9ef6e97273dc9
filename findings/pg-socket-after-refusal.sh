#!/bin/sh
# pg 8.23.1: when connect() fails on the client's own side of SCRAM (here: no password is given), the promise is rejected and the socket stays
# open. PostgreSQL's backend then waits for authentication_timeout (60 s), and a DROP DATABASE waits for that backend. client.end() closes it.
# Exits with 1 when that changes. Needs node and npm; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pg@8.23.1
cat >connect.mjs <<'NODE'
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** An Authentication message: its kind, and what belongs to it. */
const authentication = (kind, text) => {
  const message = Buffer.alloc(9 + text.length);
  message.write('R', 0);
  message.writeInt32BE(8 + text.length, 1);
  message.writeInt32BE(kind, 5);
  message.write(text, 9);
  return message;
};

let open = false;
const server = createServer((socket) => {
  open = true;
  socket.on('close', () => (open = false));
  socket.once('data', () => {
    socket.write(authentication(10, 'SCRAM-SHA-256\0\0'));
    socket.once('data', (first) => {
      const nonce = /r=([^,]+)$/.exec(first.toString())[1];
      socket.write(authentication(11, `r=${nonce}more,s=c2FsdA==,i=4096`));
    });
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new pg.Client({ host: '127.0.0.1', port: server.address().port, user: 'app', database: 'app' });
const failure = await client.connect().catch((error) => error.message);
console.log('connect() failed:', failure);
await sleep(3_000);
const after = open;
console.log('three seconds later the socket is', after ? 'open' : 'closed');
await client.end();
await sleep(500);
console.log('after client.end() it is', open ? 'open' : 'closed');
process.exit(/must be a string/.test(failure) && after && !open ? 0 : 1);
NODE
env -u PGPASSWORD HOME="$folder" node connect.mjs
