/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console_io: what is written comes out, what is asked too much does not. */
#include "rt/rt.h"

static long console(long cmd, u64 n, const void *p)
{
	return HC_3(18, cmd, n, p);
}

void test_main(void)
{
	u8 *p = page_alloc(), *hole = page_alloc();
	char buf[16];
	long r;

	is(console(0, 26, "# these words by the test\n"), 0, "write");
	is(console(0, 0, "x"), 0, "write nothing");
	is(console(0, 0, (void *)0xffff830000000000), 0, "write nothing from the hypervisor");
	is(console(0, 8, (void *)0xffff830000000000), -XFAULT, "write from the hypervisor");
	is(console(0, 8, (void *)0x1000), -XFAULT, "write from where nothing is");
	if (hole != p + PAGE || update_va(hole, 0, UVMF_INVLPG))
		bail("pages are not neighbours");
	memset(p, ' ', PAGE);
	p[4094] = '#';
	p[4095] = '\n';
	is(console(0, 2, p + 4094), 0, "write from the end of a page");
	r = console(0, 3, p + 4094);
	is(r, -XFAULT, "and one byte more");
	r = console(0, 0xffffffff, p + 4094);
	ok(r == -XFAULT || r == -XINVAL, "write 2^32 - 1 bytes that are not there (%ld)", r);
	r = console(0, 0x7fffffff, p + 4094);
	ok(r == -XFAULT || r == -XINVAL, "write 2^31 - 1 bytes that are not there (%ld)", r);
	for (int i = 0; i < 4096; i += 512) {
		p[i] = '#';
		p[i + 511] = '\n';
	}
	is(console(0, 4096, p), 0, "write 4096 bytes");
	buf[0] = 'x';
	r = console(1, sizeof(buf), buf);
	ok(r == 0 || r == -XNOSYS, "read, and nothing was typed (%ld)", r);
	r = console(1, 16, (void *)0xffff830000000000);
	ok(r == 0 || r == -XFAULT || r == -XNOSYS, "read into the hypervisor (%ld)", r);
	r = console(99, 1, buf);
	ok(r == -XNOSYS || r == -XINVAL, "operation 99 (%ld)", r);
	/* Bytes that are no text do no harm. */
	for (int i = 0; i < 64; i++)
		p[i] = (u8)(i < 2 ? "# "[i] : i == 63 ? '\n' : 0x80 + i);
	is(console(0, 64, p), 0, "bytes of 128 and more");
}
