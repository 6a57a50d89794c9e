#define _GNU_SOURCE
#include "cheapuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HEAP_IS_REPLACED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(HEAP_IS_REPLACED)
#include <malloc.h>

// The totals are at the end of the text, behind those of each arena.
static size_t last_size(const char *text, const char *element) {
    const char *last = NULL;
    for (const char *found = strstr(text, element); found; found = strstr(found + 1, element)) last = found;
    const char *size = last ? strstr(last, "size=\"") : NULL;
    return size ? strtoull(size + strlen("size=\""), NULL, 10) : 0;
}

// mallinfo2 looks at the main arena only, and tasks run on other threads.
size_t heap_in_use(void) {
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream) return 0;
    int failed = malloc_info(0, stream);
    fclose(stream);
    size_t in_use = 0;
    if (!failed && text) {
        size_t held = last_size(text, "<system type=\"current\"") + last_size(text, "<total type=\"mmap\"");
        size_t unused = last_size(text, "<total type=\"fast\"") + last_size(text, "<total type=\"rest\"");
        in_use = held > unused ? held - unused : 0;
    }
    free(text);
    return in_use;
}
#elif defined(__APPLE__)
#include <malloc/malloc.h>

size_t heap_in_use(void) {
    malloc_statistics_t statistics;
    malloc_zone_statistics(NULL, &statistics);
    return statistics.size_in_use;
}
#else
size_t heap_in_use(void) { return 0; }
#endif
