// Every kernel of one instruction set. The including file defines KERNEL(name) and the tile shapes.
#include "../include/kernels.h"
#include "vector.h"

#include "moments.h"
#include "elementwise.h"
#include "products.h"
#include "attention.h"
#ifdef TILE_ROWS
#include "rows.h"
#include "fetching.h"
#include "panels.h"
#endif

const ck_kernels KERNEL(ck_kernels) = {
    .embed = KERNEL(embed),
    .bias_layer_norm = KERNEL(bias_layer_norm),
    .bias_gelu = KERNEL(bias_gelu),
    .bias_relu = KERNEL(bias_relu),
    .linear = KERNEL(linear),
    .product = KERNEL(product),
    .softmax = KERNEL(softmax),
    .attention = KERNEL(attention),
#ifdef TILE_ROWS
    .panel_product = KERNEL(panel_product),
#endif
};
