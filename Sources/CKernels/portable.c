// The kernels for any CPU: what the compiler makes of them for the baseline instruction set.
#define KERNEL(name) name##_portable
#define PRODUCT_ROWS 6
#define PRODUCT_VECTORS 1
#define DOT_ROWS 2
#define DOT_OUTPUTS 2
#include "body/all.h"
