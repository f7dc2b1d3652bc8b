// How the innermost loops of the int8 and bf16 products address the rows of a tile.
//
// There are up to 14 rows, and fewer registers for pointers. So a pointer goes to every third row, and the two rows after it
// are that pointer plus once and twice the distance between rows, which addressing does for nothing. Left alone, the
// compiler makes a pointer of each row after all and spills most; `hold` keeps it from looking through them.

typedef struct {
  const char *third[5];
} row_pointers;

/// Of `rows` rows, `distance` bytes apart.
INLINE row_pointers rows_at(const void *first, long distance, const int rows) {
  row_pointers at;
#pragma clang loop unroll(full)
  for (int i = 0; i < (rows + 2) / 3; i++) at.third[i] = (const char *)first + 3 * i * distance;
  return at;
}

INLINE void hold(row_pointers *at, const int rows) {
#pragma clang loop unroll(full)
  for (int i = 0; i < (rows + 2) / 3; i++) __asm__("" : "+r"(at->third[i]));
}

INLINE void step_by(row_pointers *at, const int rows, long bytes) {
#pragma clang loop unroll(full)
  for (int i = 0; i < (rows + 2) / 3; i++) at->third[i] += bytes;
}

INLINE const char *row_at(const row_pointers *at, int row, long distance) { return at->third[row / 3] + row % 3 * distance; }

INLINE int32_t four_bytes(const char *p) {
  int32_t value;
  __builtin_memcpy(&value, p, 4);
  return value;
}
INLINE int64_t eight_bytes(const char *p) {
  int64_t value;
  __builtin_memcpy(&value, p, 8);
  return value;
}
