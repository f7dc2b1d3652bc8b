#ifndef CRDKAFKA_SHIM_H
#define CRDKAFKA_SHIM_H

#include <stdbool.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Swift cannot call C variadic functions, and the va-list form of produce (rd_kafka_produceva) wants an array of 72-byte
// unions per record. These inline functions are the variadic calls, with every argument typed.

/// Bytes that Kafka tells apart as null (`present` false) and empty (`present` true, `count` 0).
typedef struct {
  const void *base;
  size_t count;
  bool present;
} crdkafka_bytes_t;

/// librdkafka reads null-ness from the pointer, so empty bytes need one that is not null.
static inline void *crdkafka_pointer(crdkafka_bytes_t bytes) {
  if (!bytes.present) return NULL;
  return bytes.base ? (void *)bytes.base : (void *)"";
}

/// Enqueues one record; key and value are copied. `headers` may be null and is owned by librdkafka after success only.
/// `timestamp` in ms since 1970, 0 for now. Never blocks: a full queue is RD_KAFKA_RESP_ERR__QUEUE_FULL.
static inline rd_kafka_resp_err_t crdkafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                                                   crdkafka_bytes_t key, crdkafka_bytes_t value,
                                                   rd_kafka_headers_t *headers, int64_t timestamp, void *tag) {
  if (headers) {
    return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(crdkafka_pointer(key), key.count),
                             RD_KAFKA_V_VALUE(crdkafka_pointer(value), value.count), RD_KAFKA_V_TIMESTAMP(timestamp),
                             RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  }
  return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(crdkafka_pointer(key), key.count),
                           RD_KAFKA_V_VALUE(crdkafka_pointer(value), value.count), RD_KAFKA_V_TIMESTAMP(timestamp),
                           RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
}

/// The version of the headers this was compiled against; the library loaded at run time may be another.
static inline int crdkafka_header_version(void) { return RD_KAFKA_VERSION; }

#endif
