/* Times llhttp on one file: llhttp request|response FILE. Prints nanoseconds for one reading: the median of rounds.
 * Each reading begins with a fresh parser, gets all octets at once, and notes every span that it is told of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "llhttp.h"

enum { ROUNDS = 101 };

static struct { const char *at; size_t length; } spans[256];
static size_t count;

static int note(llhttp_t *parser, const char *at, size_t length) {
    (void)parser;
    spans[count % 256].at = at;
    spans[count % 256].length = length;
    count++;
    return 0;
}

static int nothing(llhttp_t *parser) {
    (void)parser;
    return 0;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    llhttp_type_t type = strcmp(argv[1], "request") == 0 ? HTTP_REQUEST : HTTP_RESPONSE;
    FILE *file = fopen(argv[2], "rb");
    if (!file) return 2;
    static char octets[4 << 20];
    size_t length = fread(octets, 1, sizeof octets, file);
    fclose(file);

    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = settings.on_header_field = settings.on_header_value = settings.on_body = note;
    settings.on_headers_complete = settings.on_message_complete = nothing;
    size_t times = 1 + (4 << 20) / (length + 1);
    double rounds[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now();
        for (size_t i = 0; i < times; i++) {
            llhttp_t parser;
            llhttp_init(&parser, type, &settings);
            if (llhttp_execute(&parser, octets, length) != HPE_OK) {
                fprintf(stderr, "refused: %s\n", llhttp_get_error_reason(&parser));
                return 1;
            }
        }
        rounds[round] = (now() - begin) / (double)times;
    }
    qsort(rounds, ROUNDS, sizeof *rounds, ascending);
    printf("%.1f\n", rounds[ROUNDS / 2]);
    return count == 0;
}
