/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words everything else is written in. */
#ifndef KEEL_TYPES_H
#define KEEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int32_t s32;
typedef int64_t s64;

#include <xen/xen.h>

/* Error numbers as the guests know them, from the interface itself. */
enum {
#define XEN_ERRNO(name, value) KEEL_##name = value,
#include <xen/errno.h>
};

#define EPERM KEEL_EPERM
#define ENOENT KEEL_ENOENT
#define ESRCH KEEL_ESRCH
#define EIO KEEL_EIO
#define ENOEXEC KEEL_ENOEXEC
#define ENOMEM KEEL_ENOMEM
#define EACCES KEEL_EACCES
#define EFAULT KEEL_EFAULT
#define EBUSY KEEL_EBUSY
#define EEXIST KEEL_EEXIST
#define ENODEV KEEL_ENODEV
#define EINVAL KEEL_EINVAL
#define ENOSPC KEEL_ENOSPC
#define ERANGE KEEL_ERANGE
#define ENOSYS KEEL_ENOSYS
#define EBADMSG 74
#define EOPNOTSUPP KEEL_EOPNOTSUPP
#define ETIME 62
#define ERESTART 85	/* never leaves keel: see hypercall() */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define ALIGN_UP(x, a) (((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier() asm volatile("" ::: "memory")
#define smp_mb() asm volatile("lock; addl $0,(%%rsp)" ::: "memory", "cc")

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))

#endif
