// SPDX-License-Identifier: GPL-2.0-or-later
/* Users among targets; the contract is in arrive.h. */
#include "arrive.h"

static double share(uint32_t t, double alpha)
{
	return alpha > 0 ? pow((double)t + 1, -alpha) : 1.0;
}

void arrive_split(uint32_t n, uint32_t targets, double alpha, uint32_t *count)
{
	uint32_t t, best, given = 0;
	double sum = 0;

	for (t = 0; t < targets; t++)
		sum += share(t, alpha);
	for (t = 0; t < targets; t++) {
		count[t] = (uint32_t)(n * share(t, alpha) / sum);
		given += count[t];
	}
	while (given < n) {
		best = 0;
		for (t = 1; t < targets; t++)
			if (n * share(t, alpha) / sum - count[t] >
			    n * share(best, alpha) / sum - count[best])
				best = t;
		count[best]++;
		given++;
	}
}
