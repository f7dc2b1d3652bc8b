#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdbool.h>

/// Whether allocations are counted here: with glibc, and without a sanitizer, which has its own allocator.
bool allocations_are_counted(void);

/// Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign by the calling thread so far, in all of the
/// process: the program and its libraries.
long allocation_count(void);

#endif
