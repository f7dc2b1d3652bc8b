// Every int8 kernel of one instruction set. The including file defines KERNEL(name), TILE_ROWS and TILE_PANELS, the shape
// of the largest tile, and `dot_tile`, which computes the sums of a tile.
#include <string.h>

#include "quantise.h"

#include "../body/transpose.h"
#include "panels.h"
#include "products.h"
#include "../body/moments.h"
#include "layers.h"
#include "attention.h"

const ck_i8_kernels KERNEL(ck_i8_kernels) = {
    .quantise_rows = KERNEL(quantise_rows),
    .product = KERNEL(product),
    .sums = KERNEL(sums),
    .pack_rows = KERNEL(pack_rows),
    .pack_columns = KERNEL(pack_columns),
    .embed = KERNEL(embed),
    .norm = KERNEL(norm),
    .gelu = KERNEL(gelu),
    .relu = KERNEL(relu),
    .encode = KERNEL(encode),
    .split_heads = KERNEL(split_heads),
    .attention = KERNEL(attention),
};
