// A checksum that tells one checkpoint from another, at memory speed. Not cryptographic.
//
// Eight 64-bit streams take turns at the input's little-endian 8-byte words: h = rotate(h ^ word, 29) · PRIME, where
// PRIME is 2^64 divided by the golden ratio, made odd. The last words are padded with zero bytes. Then the streams and
// the length are folded in order by the same step, and the result is mixed by two xor-shift-multiply rounds.
#include <string.h>

#include "include/kernels.h"

#define PRIME 0x9e3779b97f4a7c15u

static inline uint64_t step(uint64_t h, uint64_t word) {
  h ^= word;
  return (h << 29 | h >> 35) * PRIME;
}

uint64_t ck_hash(const void *bytes, long count, uint64_t seed) {
  const unsigned char *p = bytes;
  uint64_t h[8], words[8];
  for (int i = 0; i < 8; i++) h[i] = seed + (uint64_t)(i + 1) * PRIME;
  long left = count;
  for (; left >= 64; left -= 64, p += 64) {
    memcpy(words, p, 64);
    for (int i = 0; i < 8; i++) h[i] = step(h[i], words[i]);
  }
  if (left > 0) {
    memset(words, 0, 64);
    memcpy(words, p, (size_t)left);
    for (int i = 0; i < 8; i++) h[i] = step(h[i], words[i]);
  }
  uint64_t result = step(seed, (uint64_t)count);
  for (int i = 0; i < 8; i++) result = step(result, h[i]);
  result = (result ^ result >> 32) * PRIME;
  result = (result ^ result >> 29) * PRIME;
  return result ^ result >> 32;
}
