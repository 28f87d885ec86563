/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a command line and of the id of a row. */
#ifndef BULKHEAD_BENCH_WORDS_H
#define BULKHEAD_BENCH_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* Is @s a decimal number from @min to @max and nothing else? Then it is in *@v. */
bool word_number(const char *s, uint64_t min, uint64_t max, uint64_t *v);
/* The same for what fits; *@v stays as it is if not. */
bool word_unsigned(const char *s, unsigned int min, unsigned int max, unsigned int *v);
/* Numbers from 1 to @max with '-' between, at most @room; how many, or 0. *@s is
 * moved behind them. */
unsigned int word_list(const char **s, unsigned long max, unsigned int room, unsigned int *v);
/* Does @word stand for row @id: its id, a group that ends in '.', or "all"? */
bool word_selects(const char *word, const char *id);

#endif
