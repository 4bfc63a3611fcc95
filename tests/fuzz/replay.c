/*
 * replay.c - main() of a fuzz target outside libFuzzer: gives it every file named on the command
 * line, and then every prefix of it and every file with one byte changed here and there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20, EDITS = 2000 };

static void replay(const uint8_t *data, size_t size, uint8_t *scratch)
{
    uint32_t state = 1;

    LLVMFuzzerTestOneInput(data, size);
    for (size_t i = 0; i < EDITS && size > 0; i++) {
        memcpy(scratch, data, size);
        for (int edit = 0; edit < 2; edit++) {
            state = state * 1664525 + 1013904223;
            scratch[(state >> 8) % size] =
                (uint8_t)(state % 3 ? data[(state >> 12) % size] : state);
        }
        LLVMFuzzerTestOneInput(scratch, state % 4 ? size : state % size);
    }
}

static size_t read_input(const char *path, uint8_t *data)
{
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, LARGEST, file) : 0;

    if (!file) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    fclose(file);
    return size;
}

int main(int argc, char **argv)
{
    static uint8_t data[LARGEST], scratch[LARGEST];

    for (int i = 1; i < argc; i++)
        replay(data, read_input(argv[i], data), scratch);
    printf("%d inputs\n", argc - 1);
    return argc < 2 ? 2 : 0;
}
