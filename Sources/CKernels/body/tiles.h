// A function for each shape of tile, up to TILE_ROWS × TILE_PANELS, so that its innermost loop is unrolled with all sums in
// registers. The including file defines both, TILE_TYPES, the declared parameters, and TILE_BODY(rows, panels).

#define TILE(rows, panels) \
  static void tile_##rows##_##panels TILE_TYPES { TILE_BODY(rows, panels); }
#if TILE_PANELS == 1
#define TILES(rows) TILE(rows, 1)
#define TILE_NAMES(rows) {tile_##rows##_1}
#else
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
#define TILE_NAMES(rows) {tile_##rows##_1, tile_##rows##_2}
#endif

TILES(1) TILES(2) TILES(3) TILES(4)
#if TILE_ROWS >= 6
TILES(5) TILES(6)
#endif
#if TILE_ROWS >= 12
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12)
#endif
#if TILE_ROWS >= 14
TILES(13) TILES(14)
#endif

typedef void tile_function TILE_TYPES;

/// By rows - 1 and panels - 1.
static tile_function *const tiles[TILE_ROWS][TILE_PANELS] = {
    TILE_NAMES(1), TILE_NAMES(2), TILE_NAMES(3), TILE_NAMES(4),
#if TILE_ROWS >= 6
    TILE_NAMES(5), TILE_NAMES(6),
#endif
#if TILE_ROWS >= 12
    TILE_NAMES(7), TILE_NAMES(8), TILE_NAMES(9), TILE_NAMES(10), TILE_NAMES(11), TILE_NAMES(12),
#endif
#if TILE_ROWS >= 14
    TILE_NAMES(13), TILE_NAMES(14),
#endif
};
