#!/bin/sh
# fastavro 1.13.1, given a float where the schema says timestamp-millis, cuts it to an integer and takes it for milliseconds. So time.time(),
# which is in seconds, becomes a day in January 1970, without an error. In ["null", timestamp-millis] the same float is refused.
# Exits with 1 when that changes. Needs python3 with venv; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check fastavro==1.13.1
"$folder/venv/bin/python" - <<'PYTHON'
import io

import fastavro

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}


def through(field_type, value):
    schema = fastavro.parse_schema({"type": "record", "name": "Row", "fields": [{"name": "at", "type": field_type}]})
    data = io.BytesIO()
    fastavro.schemaless_writer(data, schema, {"at": value})
    data.seek(0)
    return fastavro.schemaless_reader(data, schema)["at"].isoformat()


seconds = 1900000000.5  # 2030-03-17, as time.time() would say it
print("fastavro", fastavro.__version__)
required = through(MILLIS, seconds)
print("timestamp-millis:          ", seconds, "is read back as", required)
try:
    optional = through(["null", MILLIS], seconds)
except ValueError as error:
    optional = "refused"
print('["null", timestamp-millis]:', seconds, "is", optional)
raise SystemExit(0 if required.startswith("1970-01-22T23:46:40") and optional == "refused" else 1)
PYTHON
