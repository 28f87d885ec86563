// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

bool word_number(const char *s, uint64_t min, uint64_t max, uint64_t *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoull(s, &end, 10);
	return errno == 0 && *end == '\0' && *v >= min && *v <= max;
}

bool word_unsigned(const char *s, unsigned int min, unsigned int max, unsigned int *v)
{
	uint64_t x;

	if (!word_number(s, min, max, &x))
		return false;
	*v = (unsigned int)x;
	return true;
}

unsigned int word_list(const char **s, unsigned long max, unsigned int room, unsigned int *v)
{
	unsigned int n = 0;

	for (;;) {
		unsigned long x;
		char *end;

		if (**s < '0' || **s > '9' || n == room)
			return 0;
		x = strtoul(*s, &end, 10);
		if (x < 1 || x > max)
			return 0;
		v[n++] = (unsigned int)x;
		*s = end;
		if (**s != '-')
			return n;
		(*s)++;
	}
}

bool word_selects(const char *word, const char *id)
{
	size_t n = strlen(word);

	if (strcmp(word, "all") == 0 || strcmp(word, id) == 0)
		return true;
	return n > 0 && word[n - 1] == '.' && strncmp(word, id, n) == 0;
}
