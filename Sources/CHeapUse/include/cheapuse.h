#ifndef CHEAPUSE_H
#define CHEAPUSE_H

#include <stddef.h>

/// How many bytes of the heap of this process are in use, over all arenas; 0 when nobody can tell.
size_t heap_in_use(void);

#endif
