// org.apache.kafka:kafka-clients and org.apache.avro:avro in a pom.xml, then: mvn dependency:copy-dependencies -DoutputDirectory=jars
// java -cp 'jars/*' Entitlements.java TENANT_ID SUBDIVISION_ID
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Follows who is entitled to what. `check` asks nobody. */
public class Entitlements {
  static final String TOPIC = System.getenv().getOrDefault("TOPIC_PREFIX", "") + "licensing.entitlements.v1";
  static final long PROBE_NANOS = Duration.ofSeconds(1).toNanos();

  record Entitlement(
      long epoch, long version, long issuedAt, boolean allowed, String reason, Long validFrom, Long validUntil) {
    static final Comparator<Entitlement> AGE = Comparator.comparingLong(Entitlement::epoch)
        .thenComparingLong(Entitlement::version)
        .thenComparingLong(Entitlement::issuedAt);

    static Entitlement of(GenericRecord data) {
      return new Entitlement(
          (long) data.get("epoch"), (long) data.get("version"), (long) data.get("issuedAt"),
          (boolean) data.get("allowed"), data.get("reason").toString(),
          (Long) data.get("validFrom"), (Long) data.get("validUntil"));
    }
  }

  record Decision(boolean allowed, String reason) {}

  final CountDownLatch ready = new CountDownLatch(1);
  private final long offlineGraceNanos;
  private final Map<String, Entitlement> latest = new ConcurrentHashMap<>(); // by tenantId/subdivisionId
  private volatile Long caughtUp; // when everything that stood in the topic was known, by System.nanoTime
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, Schema> schemas = new ConcurrentHashMap<>();

  Entitlements(Duration offlineGrace) {
    offlineGraceNanos = offlineGrace.toNanos();
    var thread = new Thread(this::follow);
    thread.setDaemon(true);
    thread.start();
  }

  /** Whether a subdivision may be served at a time (milliseconds since the epoch), and why. */
  Decision check(String tenantId, String subdivisionId, long at) {
    Long known = caughtUp;
    if (known == null || System.nanoTime() - known > offlineGraceNanos) return new Decision(false, "stale");
    Entitlement one = latest.get((tenantId + "/" + subdivisionId).toLowerCase(Locale.ROOT));
    if (one == null) return new Decision(false, "unknown");
    if (one.allowed && one.validUntil != null && at >= one.validUntil) return new Decision(false, "expired");
    if (one.allowed && one.validFrom != null && at < one.validFrom) return new Decision(false, "scheduled");
    return new Decision(one.allowed, one.reason);
  }

  private void follow() {
    // No group: every instance reads everything.
    Map<String, Object> config = Map.of("bootstrap.servers", System.getenv("KAFKA_BROKERS"));
    try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      // The topic never gets more partitions. When it was made anew, start this anew.
      List<TopicPartition> partitions = consumer.partitionsFor(TOPIC).stream()
          .map(one -> new TopicPartition(TOPIC, one.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> goal = null;
      long asked = System.nanoTime() - PROBE_NANOS;
      while (true) {
        for (var record : consumer.poll(Duration.ofMillis(100))) take(record);
        try {
          if (goal == null && System.nanoTime() - asked >= PROBE_NANOS) {
            asked = System.nanoTime();
            goal = consumer.endOffsets(partitions);
          }
          if (goal == null || !goal.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue()))
            continue;
        } catch (TimeoutException away) {
          continue; // the brokers do not tell; it is asked again
        }
        caughtUp = asked;
        goal = null;
        ready.countDown();
      }
    } catch (IOException | InterruptedException fault) {
      throw new IllegalStateException(fault); // nobody follows any more, so all is stale soon: start this anew
    }
  }

  private void take(ConsumerRecord<String, byte[]> record) throws IOException, InterruptedException {
    if (record.value() == null) {
      latest.remove(record.key()); // a tombstone: the subdivision is deleted
      return;
    }
    Entitlement one = Entitlement.of(decode(record.value()));
    // A copy that was sent twice may come late.
    latest.merge(record.key(), one, (known, next) -> Entitlement.AGE.compare(next, known) >= 0 ? next : known);
  }

  private GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    int id = ByteBuffer.wrap(value, 1, 4).getInt();
    if (!schemas.containsKey(id)) schemas.put(id, schemaOf(id));
    var decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
    return new GenericDatumReader<GenericRecord>(schemas.get(id)).read(null, decoder);
  }

  private Schema schemaOf(int id) throws IOException, InterruptedException {
    URI uri = URI.create(System.getenv("SCHEMA_REGISTRY_URL") + "/schemas/ids/" + id);
    var response = http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IOException(uri + ": " + response.body());
    return new Schema.Parser().parse(new ObjectMapper().readTree(response.body()).get("schema").asText());
  }

  public static void main(String[] args) throws InterruptedException {
    var entitlements = new Entitlements(Duration.ofHours(1));
    if (!entitlements.ready.await(1, TimeUnit.MINUTES)) throw new IllegalStateException("the topic could not be read");
    Decision decision = entitlements.check(args[0], args[1], System.currentTimeMillis());
    System.out.println((decision.allowed ? "allowed " : "not allowed ") + decision.reason);
  }
}
