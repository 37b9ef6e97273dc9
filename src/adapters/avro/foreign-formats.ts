const MAX_JSON = 64 * 1024;

/**
 * Says for a person what a value that is no Confluent frame looks like, and which setting of its producer mends that.
 * @returns undefined when it looks like no format that is known here
 */
export function formatOf(value: Buffer | null, headerNames: readonly string[]): string | undefined {
  const inHeader = headerNames.find((name) =>
    /^apicurio\.value\.(globalId|contentId|contentHash|artifactId)$/.test(name),
  );
  if (inHeader !== undefined) {
    return (
      `Apicurio's serializer has put the schema's id into the header ${inHeader}: set apicurio.registry.headers.enabled=false and ` +
      'apicurio.registry.as-confluent=true'
    );
  }
  if (headerNames.includes('__value_schema_id')) {
    return (
      "Confluent's serializer has put the schema's id into the header __value_schema_id: leave its setting schema.id.serializer (Java: " +
      'value.schema.id.serializer) at the default, PrefixSchemaIdSerializer'
    );
  }
  if (value === null || value.length === 0) return undefined;
  if (isEightByteFrame(value)) {
    return "it looks like Apicurio's own frame, whose schema id has 8 bytes: set apicurio.registry.as-confluent=true";
  }
  if (isJson(value)) return 'it is JSON, not Avro behind a schema id';
  if (value[0] === 0 && isJson(value.subarray(5))) return 'behind the schema id it is JSON, not Avro';
  if (value.length > 10 && value[0] === 0xc3 && value[1] === 1)
    return "it is in Avro's single-object encoding, without a schema id";
  if (value.subarray(0, 4).equals(AVRO_FILE)) return 'it is a whole Avro file, not a record behind a schema id';
  return undefined;
}

const AVRO_FILE = Buffer.from('Obj\u0001');

/** In a frame with an id of 8 bytes the upper half of the id is 0. No registry gives out 0 as an id of 4 bytes. */
function isEightByteFrame(value: Buffer): boolean {
  return value.length >= 9 && value[0] === 0 && value.readUInt32BE(1) === 0 && value.readUInt32BE(5) !== 0;
}

/** A value that is longer than `MAX_JSON` is judged by its ends alone. */
function isJson(value: Buffer): boolean {
  const text = value.subarray(0, MAX_JSON).toString().trim();
  if (!/^[[{]/.test(text)) return false;
  if (value.length > MAX_JSON) return /[\]}]\s*$/.test(value.subarray(-16).toString());
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
