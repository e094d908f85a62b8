/* Plays a sound through the effect, block by block, like the host of a plug-in. From the first block on, an allocation
   ends the program: the effect must not allocate, not even in its first call. */
#include "effect.h"

#include <math.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int playing = 0;

/* The allocator of the program and of the library. It takes memory from one block, and never frees it. */
static alignas(16) unsigned char heap[1 << 20];
static size_t used = 0;

void *malloc(size_t bytes) {
    if (playing) {
        static const char text[] = "an allocation while it plays\n";
        (void)!write(2, text, sizeof text - 1);
        abort();
    }
    size_t at = used;
    used += (bytes + 15) / 16 * 16;
    return used <= sizeof heap ? heap + at : NULL;
}
void free(void *memory) { (void)memory; }
void *calloc(size_t count, size_t bytes) { return malloc(count * bytes); }
void *realloc(void *memory, size_t bytes) {
    unsigned char *old = memory, *new = malloc(bytes);
    for (size_t i = 0; old && new && i < bytes && old + i < heap + sizeof heap; i++) new[i] = old[i];
    return new;
}

enum { BLOCK = 64, BLOCKS = 100 };

static int fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    return 1;
}

int main(void) {
    static alignas(16) unsigned char memory[4096], again[4096];
    static float sound[BLOCKS][BLOCK], whole[BLOCKS * BLOCK];
    if (effect_size() > sizeof memory) return fail("the effect is larger than 4 KiB");
    printf("an effect of %zu bytes\n", effect_size());
    fflush(stdout);

    if (effect_start(NULL, sizeof memory) != EFFECT_NULL) return fail("null is accepted");
    if (effect_start(memory, effect_size() - 1) != EFFECT_MEMORY) return fail("too little memory is accepted");
    if (effect_start(memory + 1, effect_size() + 1) != EFFECT_MEMORY) return fail("bad alignment is accepted");

    for (int i = 0; i < BLOCKS * BLOCK; i++) {
        sound[i / BLOCK][i % BLOCK] = whole[i] = 0.8f * sinf(0.0157f * i) * expf(-0.0004f * i);
    }
    playing = 1;
    if (effect_start(memory, sizeof memory) != EFFECT_OK) return 2;
    for (int block = 0; block < BLOCKS; block++) {
        if (effect_process(memory, sound[block], sound[block], BLOCK) != EFFECT_OK) return 3;
    }
    /* With blocks of another size, the bits are the same. */
    if (effect_start(again, sizeof again) != EFFECT_OK) return 4;
    if (effect_process(again, whole, whole, BLOCKS * BLOCK) != EFFECT_OK) return 5;
    float difference = 0, loudest = 0;
    for (int i = 0; i < BLOCKS * BLOCK; i++) {
        if (sound[i / BLOCK][i % BLOCK] != whole[i]) return 6;
        loudest = fmaxf(loudest, fabsf(whole[i]));
        difference = fmaxf(difference, fabsf(whole[i] - 0.8f * sinf(0.0157f * i) * expf(-0.0004f * i)));
    }
    float bad = NAN, out = 1;
    if (effect_process(memory, &bad, &out, 1) != EFFECT_NOT_FINITE || out != 0) return 7;
    playing = 0;
    if (loudest < 0.1f || difference < 0.05f) return fail("the effect has no effect");
    printf("%d blocks of %d samples, no allocation; loudest %.3f, changed by up to %.3f\n", BLOCKS, BLOCK, loudest, difference);
    return 0;
}
