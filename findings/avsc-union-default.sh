#!/bin/sh
# avsc 5.7.9 refuses a schema whose field of a union has a default of another branch than the first. Avro 1.12 allows any branch ("the type
# of the default value must match with one element of the union"), and registries take it. A reader never needs the defaults of a writer.
# Exits with 1 when that changes. Needs node and npm; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" avsc@5.7.9 >/dev/null
node - <<'NODE'
const avsc = require('avsc');

function typeOf(field) {
  try {
    return avsc.Type.forSchema({ type: 'record', name: 'Note', fields: [{ name: 'text', ...field }] }).typeName;
  } catch (error) {
    return `refused: ${error.message}`;
  }
}

const first = typeOf({ type: ['null', 'string'], default: null });
const second = typeOf({ type: ['null', 'string'], default: '' });
const none = typeOf({ type: ['null', 'string'] });
console.log('default of the first branch: ', first);
console.log('default of the second branch:', second);
console.log('without a default:           ', none);
process.exit(first === 'record' && none === 'record' && second.startsWith('refused') ? 0 : 1);
NODE
