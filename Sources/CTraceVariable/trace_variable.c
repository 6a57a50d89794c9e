#include "trace_variable.h"

#include <stdlib.h>

static char value[1024];
static unsigned length;

void trace_variable_append(uint8_t byte) {
    if (byte == 0) length = sizeof value;
    if (length < sizeof value) value[length++] = (char)byte;
}

void trace_variable_commit(void) {
    if (length > 0 && length < sizeof value) {
        value[length] = 0;
        setenv("_X_AMZN_TRACE_ID", value, 1);
    } else {
        unsetenv("_X_AMZN_TRACE_ID");
    }
    length = 0;
}
