import java.util.Map;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.CreateTopicPolicy;

/** A broker with it creates topics that come without settings alone, as a platform may. */
public class RefusesSettings implements CreateTopicPolicy {
  @Override
  public void configure(Map<String, ?> configs) {}

  @Override
  public void validate(RequestMetadata request) {
    boolean isKafkasOwn = request.topic().startsWith("__");
    if (!isKafkasOwn && !request.configs().isEmpty()) throw new PolicyViolationException("no settings here");
  }

  @Override
  public void close() {}
}
