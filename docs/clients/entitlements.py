# pip install 'confluent-kafka[avro,schemaregistry]'
# python entitlements.py TENANT_ID SUBDIVISION_ID
import os
import sys
import threading
import time
from datetime import datetime, timezone

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = os.environ.get("TOPIC_PREFIX", "") + "licensing.entitlements.v1"
PROBE_SECONDS = 1


class Entitlements:
    """Follows who is entitled to what. `check` asks nobody."""

    def __init__(self, offline_grace_seconds):
        self.offline_grace = offline_grace_seconds
        self.ready = threading.Event()
        self.latest = {}  # by tenantId/subdivisionId
        self.caught_up = None  # when everything that stood in the topic was known, by the monotonic clock
        self.decode = AvroDeserializer(SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]}))
        self.consumer = Consumer({
            "bootstrap.servers": os.environ["KAFKA_BROKERS"],
            "group.id": "unused",  # nothing is committed, and no group is joined
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        })
        threading.Thread(target=self.follow, daemon=True).start()

    def check(self, tenant_id, subdivision_id, at=None):
        """Whether a subdivision may be served, and why."""
        if self.caught_up is None or time.monotonic() - self.caught_up > self.offline_grace:
            return False, "stale"
        one = self.latest.get(f"{tenant_id}/{subdivision_id}".lower())
        if one is None:
            return False, "unknown"
        at = at or datetime.now(timezone.utc)
        if one["allowed"] and one["validUntil"] and at >= one["validUntil"]:
            return False, "expired"
        if one["allowed"] and one["validFrom"] and at < one["validFrom"]:
            return False, "scheduled"
        return one["allowed"], one["reason"]

    def follow(self):
        # The topic never gets more partitions. When it was made anew, start this anew.
        partitions = self.consumer.list_topics(TOPIC, timeout=30).topics[TOPIC].partitions
        self.consumer.assign([TopicPartition(TOPIC, partition, 0) for partition in partitions])
        goal, asked, next_probe = None, None, 0
        while True:
            if goal is None and time.monotonic() >= next_probe:
                asked, next_probe = time.monotonic(), time.monotonic() + PROBE_SECONDS
                goal = self.ends(partitions)
            if goal is not None and self.reached(goal):
                self.caught_up, goal = asked, None
                self.ready.set()
            message = self.consumer.poll(0.1)
            if message is None:
                continue
            if message.error():
                print(message.error(), file=sys.stderr)  # librdkafka goes on by itself
            else:
                self.take(message)

    def ends(self, partitions):
        """The ends of the partitions; None while the brokers do not tell."""
        try:
            return {p: self.consumer.get_watermark_offsets(TopicPartition(TOPIC, p), timeout=5) for p in partitions}
        except KafkaException:
            return None

    def reached(self, goal):
        places = self.consumer.position([TopicPartition(TOPIC, partition) for partition in goal])
        # An empty partition has no position.
        return all(goal[p.partition][0] == goal[p.partition][1] or p.offset >= goal[p.partition][1] for p in places)

    def take(self, message):
        key = message.key().decode()
        if message.value() is None:
            self.latest.pop(key, None)  # a tombstone: the subdivision is deleted
            return
        one = self.decode(message.value(), SerializationContext(TOPIC, MessageField.VALUE))
        known = self.latest.get(key)
        # A copy that was sent twice may come late.
        if known is None or age(one) >= age(known):
            self.latest[key] = one


def age(one):
    return one["epoch"], one["version"], one["issuedAt"]


entitlements = Entitlements(offline_grace_seconds=3600)
if not entitlements.ready.wait(60):
    sys.exit("the topic could not be read within a minute")
allowed, reason = entitlements.check(*sys.argv[1:])
print("allowed" if allowed else "not allowed", reason)
