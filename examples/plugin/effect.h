/* An audio effect: the valve amplifier that `cargo run --example stream` learns. One effect is one channel. */
#ifndef EFFECT_H
#define EFFECT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The results of the functions. */
enum {
    EFFECT_OK = 0,
    EFFECT_NULL = 1,       /* a pointer is null */
    EFFECT_MEMORY = 2,     /* the memory is too small, or not aligned as `max_align_t` is */
    EFFECT_NOT_FINITE = 3  /* a sample was NaN or infinite: it is replaced by 0, and the effect starts again */
};

/* Returns the number of bytes that an effect needs. The caller owns them; there is nothing to free in them. */
size_t effect_size(void);

/* Starts an effect in this memory. */
int effect_start(void *memory, size_t bytes);

/* Processes a block of samples at 44.1 kHz, without an allocation or a lock. `input` and `output` can be the same. */
int effect_process(void *memory, const float *input, float *output, size_t samples);

#ifdef __cplusplus
}
#endif

#endif
