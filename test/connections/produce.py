"""Sends the messages that stdin brings as JSON, in one go, and ends with 1 unless the brokers have all of them."""

import base64
import json
import sys

from confluent_kafka import Producer

order = json.load(sys.stdin)
producer = Producer({**order["settings"], "partitioner": "murmur2_random", "linger.ms": 200})
faults = []
for message in order["messages"]:
    producer.produce(
        message["topic"],
        key=message["key"],
        value=base64.b64decode(message["value"]),
        headers=list(message["headers"].items()),
        on_delivery=lambda error, _: faults.append(error) if error else None,
    )
left = producer.flush(60)
print(*faults, sep="\n", file=sys.stderr)
sys.exit(0 if left == 0 and not faults else 1)
