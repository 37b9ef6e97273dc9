# pip install 'confluent-kafka[avro,schemaregistry]'
# python send_command.py sign-up-4711 TENANT_ID USER_ID NAME
import os
import sys
import time
from datetime import datetime, timezone

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

SOURCE = "billing"  # the name of your service
COMMANDS = "licensing.commands.v1"
EVENTS = "licensing.events.v1"
REJECTIONS = "licensing.rejections.v1"
DEAD_LETTERS = "licensing.commands.v1.dlq"

kafka = {"bootstrap.servers": os.environ["KAFKA_BROKERS"]}
registry = SchemaRegistryClient({"url": os.environ["SCHEMA_REGISTRY_URL"]})
decode = AvroDeserializer(registry)


def encode(type_name, command):
    schema = registry.get_latest_version(f"{COMMANDS}-{type_name}").schema
    serializer = AvroSerializer(registry, schema, conf={
        "auto.register.schemas": False,
        "use.latest.version": True,
        "subject.name.strategy": topic_record_subject_name_strategy,
        "validate.strict.allow.default": True,  # the default drops a misspelt field in silence
    })
    return serializer(command, SerializationContext(COMMANDS, MessageField.VALUE))


def send(type_name, command, command_id):
    """Returns once the brokers have the command. Repeat it with the same id and fields: it takes effect once."""
    producer = Producer({
        **kafka,
        "partitioner": "murmur2_random",  # the default puts keys into other partitions than Java does
        "acks": "all",
        "enable.idempotence": True,
    })
    errors = []
    producer.produce(
        COMMANDS,
        key=command["tenantId"],
        value=encode(type_name, command),
        headers={
            "ce_specversion": "1.0",
            "ce_id": command_id,
            "ce_source": SOURCE,
            "ce_type": type_name,
            "ce_time": datetime.now(timezone.utc).isoformat(),
            "content-type": "application/avro",
        },
        on_delivery=lambda error, _: errors.append(error) if error else None,
    )
    producer.flush()
    if errors:
        raise KafkaException(errors[0])


def answer_to(command_id, seconds=60):
    """The first event, the rejection or the dead letter of a command: what it is called, and what it says."""
    consumer = Consumer({
        **kafka,
        "group.id": f"{SOURCE}-answers",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,  # commit an answer once you have kept it
    })
    consumer.subscribe([EVENTS, REJECTIONS, DEAD_LETTERS])
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            headers = dict(message.headers() or [])
            if message.topic() == DEAD_LETTERS:
                if headers.get("ce_id") == command_id.encode() and headers.get("ce_source") == SOURCE.encode():
                    return headers["dlq-reason"].decode(), headers["dlq-message"].decode()
            elif headers.get("ce_causationid") == command_id.encode():
                context = SerializationContext(message.topic(), MessageField.VALUE)
                return headers["ce_type"].decode(), decode(message.value(), context)
        raise TimeoutError(f"no answer to {command_id} within {seconds} s")
    finally:
        consumer.close()


# A retry has to send the same bytes, so every id is chosen before the first try, and kept.
sign_up_id, tenant_id, user_id, name = sys.argv[1:]
send("licensing.commands.CreateTenant", {
    "tenantId": tenant_id,
    "userId": user_id,
    "name": name,
    "address": "",
    "email": "office@example.org",
    "phone": "",
}, command_id=sign_up_id)
print(*answer_to(sign_up_id))
