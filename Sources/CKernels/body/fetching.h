// Weights that are fetched into the L2 cache while a tile is computed, a little at a time: all at once they would hold up the loads
// of the tile itself.

typedef struct {
  const char *line;
  long step;  // bytes, for each step of the innermost loop
} upcoming;

/// The part of `bytes` bytes for tile `index` of `count`, in so many steps.
INLINE upcoming part_of(const void *first, long bytes, long steps, long index, long count) {
  const long part = bytes / count;
  return (upcoming){(const char *)first + part * index, (part + steps) / (steps + 1)};
}

/// One line of each of `panels` panels that lie `distance` bytes apart.
INLINE void fetch_lines(upcoming *next, const int panels, long distance) {
#pragma clang loop unroll(full)
  for (int p = 0; p < panels; p++) __builtin_prefetch(next->line + p * distance, 0, 2);
  next->line += next->step;
}
