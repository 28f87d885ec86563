// SPDX-License-Identifier: GPL-2.0
/*
 * What goes through the sockets of contexts, by family of addresses.
 *
 * Counters are one set for each CPU, so that those who send at once share no cache
 * line; a reader adds them up. They are the socket's context's, whoever uses the
 * socket, and sockets of the kernel itself have none. A socket knows those of its
 * family from the start: the reference to its context keeps them.
 */
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/socket.h>
#include <linux/vserver_sock.h>
#include <net/sock.h>
#include "internal.h"

static const char * const vx_family_names[] = {
	[VXA_SOCK_UNSPEC] = "UNSPEC",
	[VXA_SOCK_UNIX] = "UNIX",
	[VXA_SOCK_INET] = "INET",
	[VXA_SOCK_INET6] = "INET6",
	[VXA_SOCK_PACKET] = "PACKET",
	[VXA_SOCK_OTHER] = "OTHER",
};

#define VX_FAMILIES	ARRAY_SIZE(vx_family_names)

struct vx_families {
	struct vx_traffic	family[VX_FAMILIES];
};

static unsigned int vx_family(const struct sock *sk)
{
	switch (READ_ONCE(sk->sk_family)) {
	case AF_UNSPEC:
		return VXA_SOCK_UNSPEC;
	case AF_UNIX:
		return VXA_SOCK_UNIX;
	case AF_INET:
		return VXA_SOCK_INET;
	case AF_INET6:
		return VXA_SOCK_INET6;
	case AF_PACKET:
		return VXA_SOCK_PACKET;
	default:
		return VXA_SOCK_OTHER;
	}
}

/* What sockets of no context count in; nobody reads it. */
DEFINE_PER_CPU(struct vx_traffic, vx_no_traffic);

/* A socket that is labelled, and whose family is known, has these counters. */
void __vx_sock_family(struct sock *sk)
{
	struct vx_families __percpu *f;
	unsigned long from, to;

	if (!sk->sk_vx)
		return;
	f = vx_private(sk->sk_vx)->traffic;
	from = (__force unsigned long)&vx_no_traffic;
	to = (__force unsigned long)&f->family[vx_family(sk)];
	WRITE_ONCE(sk->sk_vx_traffic, to - from);
}
EXPORT_SYMBOL_GPL(__vx_sock_family);

/*
 * What was not taken from the sender, of a message that was sent in part too, has
 * failed. A datagram that was taken and then refused has failed with no bytes: to know
 * its size afterwards would cost a register around every call, contexts or not.
 */
void __vx_account_fail(const struct sock *sk, const struct msghdr *msg, int ret)
{
	if (ret >= 0)
		vx_account(sk, VXA_SOCK_SEND, ret);
	vx_account(sk, VXA_SOCK_FAIL, iov_iter_count(&msg->msg_iter));
}

int vx_init_traffic(struct vx_info *vxi)
{
	struct vx_private *p = vx_private(vxi);

	p->traffic = alloc_percpu_gfp(struct vx_families, GFP_KERNEL_ACCOUNT);
	return p->traffic ? 0 : -ENOMEM;
}

void vx_free_traffic(struct vx_info *vxi)
{
	free_percpu(vx_private(vxi)->traffic);
}

static void vx_sum_traffic(struct vx_info *vxi, unsigned int family,
			   u64 count[VXA_SOCK_KINDS], u64 bytes[VXA_SOCK_KINDS])
{
	struct vx_families *f;
	unsigned int kind;
	int cpu;

	for (kind = 0; kind < VXA_SOCK_KINDS; kind++) {
		count[kind] = 0;
		bytes[kind] = 0;
		for_each_possible_cpu(cpu) {
			f = per_cpu_ptr(vx_private(vxi)->traffic, cpu);
			count[kind] += READ_ONCE(f->family[family].kind[kind].count);
			bytes[kind] += READ_ONCE(f->family[family].kind[kind].bytes);
		}
	}
}

long vc_sock_stat(struct vx_info *vxi, u32 id, void *arg)
{
	struct vcmd_sock_stat *vc = arg;
	u64 count[VXA_SOCK_KINDS], bytes[VXA_SOCK_KINDS];
	unsigned int kind;

	if (vc->field >= VX_FAMILIES)
		return -EINVAL;
	vx_sum_traffic(vxi, vc->field, count, bytes);
	for (kind = 0; kind < VXA_SOCK_KINDS; kind++) {
		vc->count[kind] = count[kind];
		vc->total[kind] = bytes[kind];
	}
	return 0;
}

void vx_show_traffic(struct seq_file *m, struct vx_info *vxi)
{
	u64 count[VXA_SOCK_KINDS], bytes[VXA_SOCK_KINDS];
	unsigned int family, kind;

	seq_puts(m, "Type\t   recv #/bytes\t\t   send #/bytes\t\t    fail #/bytes\n");
	for (family = 0; family < VX_FAMILIES; family++) {
		vx_sum_traffic(vxi, family, count, bytes);
		seq_printf(m, "%s:", vx_family_names[family]);
		for (kind = 0; kind < VXA_SOCK_KINDS; kind++)
			seq_printf(m, "\t%10llu/%-10llu", count[kind],
				   bytes[kind]);
		seq_putc(m, '\n');
	}
}
