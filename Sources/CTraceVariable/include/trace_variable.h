#ifndef TRACE_VARIABLE_H
#define TRACE_VARIABLE_H

#include <stdint.h>

/// The environment variable _X_AMZN_TRACE_ID, which tracing libraries and child processes read.
///
/// Byte by byte, so that Swift needs no unsafe pointer for it. For one thread at a time, like the environment itself.

/// Adds a byte to the next value; what is beyond 1023 bytes makes the value void.
void trace_variable_append(uint8_t byte);

/// Makes what was added the variable's value, or removes the variable when nothing was; then begins anew.
void trace_variable_commit(void);

#endif
