// org.apache.kafka:kafka-clients and org.apache.avro:avro in a pom.xml, then: mvn dependency:copy-dependencies -DoutputDirectory=jars
// java -cp 'jars/*' SendCommand.java sign-up-4711 TENANT_ID USER_ID NAME
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class SendCommand {
  static final String SOURCE = "sign-up"; // the name of your service
  static final String COMMANDS = "licensing.commands.v1";
  static final String EVENTS = "licensing.events.v1";
  static final String REJECTIONS = "licensing.rejections.v1";
  static final String DEAD_LETTERS = "licensing.commands.v1.dlq";

  static final String BROKERS = System.getenv("KAFKA_BROKERS");
  static final HttpClient http = HttpClient.newHttpClient();

  /** What the schema registry answers; keep what does not change, an id's schema above all. */
  static JsonNode registry(String path) throws IOException, InterruptedException {
    URI uri = URI.create(System.getenv("SCHEMA_REGISTRY_URL") + path);
    var response = http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IOException(uri + ": " + response.body());
    return new ObjectMapper().readTree(response.body());
  }

  /** Avro in the Confluent frame: a zero byte, the schema's id in four bytes, the data. */
  static byte[] encode(int schemaId, GenericRecord data) throws IOException {
    var bytes = new ByteArrayOutputStream();
    var frame = new DataOutputStream(bytes);
    frame.writeByte(0);
    frame.writeInt(schemaId);
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(frame, null);
    new GenericDatumWriter<GenericRecord>(data.getSchema()).write(data, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  static GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    int schemaId = ByteBuffer.wrap(value, 1, 4).getInt();
    Schema schema = new Schema.Parser().parse(registry("/schemas/ids/" + schemaId).get("schema").asText());
    var decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
    return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
  }

  /** Returns once the brokers have the command. Repeat it with the same id and fields: it takes effect once. */
  static void send(String typeName, Map<String, Object> fields, String commandId) throws Exception {
    JsonNode latest = registry("/subjects/" + COMMANDS + "-" + typeName + "/versions/latest");
    var command = new GenericRecordBuilder(new Schema.Parser().parse(latest.get("schema").asText()));
    fields.forEach(command::set); // throws at a name that the schema does not have

    String key = (String) fields.get("tenantId");
    var record = new ProducerRecord<>(COMMANDS, key, encode(latest.get("id").asInt(), command.build()));
    Map.of(
        "ce_specversion", "1.0",
        "ce_id", commandId,
        "ce_source", SOURCE,
        "ce_type", typeName,
        "ce_time", Instant.now().toString(),
        "content-type", "application/avro")
        .forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));

    Map<String, Object> config = Map.of("bootstrap.servers", BROKERS, "acks", "all");
    try (var producer = new KafkaProducer<>(config, new StringSerializer(), new ByteArraySerializer())) {
      producer.send(record).get();
    }
  }

  /** The first event, the rejection or the dead letter of a command: what it is called, and what it says. */
  static String answerTo(String commandId, Duration within) throws Exception {
    Map<String, Object> config = Map.of(
        "bootstrap.servers", BROKERS,
        "group.id", SOURCE + "-answers",
        "auto.offset.reset", "earliest",
        "enable.auto.commit", false); // commit an answer once you have kept it
    try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(EVENTS, REJECTIONS, DEAD_LETTERS));
      Instant deadline = Instant.now().plus(within);
      while (Instant.now().isBefore(deadline)) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          if (record.topic().equals(DEAD_LETTERS)) {
            if (commandId.equals(header(record, "ce_id")) && SOURCE.equals(header(record, "ce_source")))
              return header(record, "dlq-reason") + " " + header(record, "dlq-message");
          } else if (commandId.equals(header(record, "ce_causationid"))) {
            return header(record, "ce_type") + " " + decode(record.value());
          }
        }
      }
    }
    throw new TimeoutException("no answer to " + commandId + " within " + within);
  }

  static String header(ConsumerRecord<?, ?> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  public static void main(String[] args) throws Exception {
    // A retry has to send the same bytes, so every id is chosen before the first try, and kept.
    String signUpId = args[0];
    send("licensing.commands.CreateTenant", Map.of(
        "tenantId", args[1],
        "userId", args[2],
        "name", args[3],
        "address", "",
        "email", "office@example.org",
        "phone", ""), signUpId);
    System.out.println(answerTo(signUpId, Duration.ofMinutes(1)));
  }
}
