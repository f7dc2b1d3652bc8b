// The kernels for any CPU: what the compiler makes of them for the baseline instruction set.
#define KERNEL(name) name##_portable
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 1
#define DOT_ROWS 2
#define DOT_OUTPUTS 2
// NEON multiplies and adds in one instruction; the baseline of x86-64 would call a function for it.
#if defined(__aarch64__)
#define TILE_ROWS 6
#define TILE_PANELS 1
#endif
#include "body/all.h"
