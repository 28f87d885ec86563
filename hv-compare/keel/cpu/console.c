// SPDX-License-Identifier: GPL-2.0-or-later
/* R:12  The serial port: keel's messages, and the initial domain's console. */
#include <keel/console.h>
#include <keel/cpu.h>
#include <keel/domain.h>
#include <keel/event.h>
#include <keel/irq.h>
#include <keel/lib.h>
#include <keel/lock.h>
#include <keel/x86.h>

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_IER (COM1 + 1)
#define UART_FCR (COM1 + 2)
#define UART_LCR (COM1 + 3)
#define UART_MCR (COM1 + 4)
#define UART_LSR (COM1 + 5)
#define LSR_RX_READY 0x01
#define LSR_TX_EMPTY 0x20

/* Innermost of all locks: printk() is allowed anywhere. */
static struct spinlock console_lock;
static bool console_on;

void console_init(const char *cmdline)
{
	const char *p = cmdline;

	for (; *p; p++)
		if ((p == cmdline || p[-1] == ' ') && !strncmp(p, "console=com1", 12))
			console_on = true;
	if (!console_on)
		return;
	out8(UART_IER, 0);
	out8(UART_LCR, 0x80);
	out8(UART_DATA, 1);	/* divisor 1: 115200 */
	out8(UART_IER, 0);
	out8(UART_LCR, 0x03);	/* 8n1 */
	out8(UART_FCR, 0x07);
	out8(UART_MCR, 0x0b);
}

static void put_raw(char c)
{
	unsigned int spin = 0;

	while (!(in8(UART_LSR) & LSR_TX_EMPTY) && ++spin < 1000000)
		cpu_relax();
	out8(UART_DATA, (u8)c);
}

static void write_locked(const char *s, size_t n)
{
	for (; n; n--, s++) {
		if (*s == '\n')
			put_raw('\r');
		put_raw(*s);
	}
}

void console_write(const char *s, size_t n)
{
	if (!console_on)
		return;
	spin_lock(&console_lock);
	write_locked(s, n);
	spin_unlock(&console_lock);
}

bool console_has_input(void)
{
	return console_on && in8(UART_LSR) & LSR_RX_READY;
}

int console_getc(void)
{
	return console_has_input() ? in8(UART_DATA) : -1;
}

static void input(void)
{
	struct domain *d = domain_list;

	/* The list begins with the lowest id. */
	if (d && !d->id && d->privileged)
		send_global_virq(d, VIRQ_CONSOLE);
	else
		consring_poll();
}

void console_interrupts(void)
{
	if (!console_on)
		return;
	line_take(isa_line(4), input);
	out8(UART_IER, 1);
}

/* Written in one piece: other processors have something to say, too. */
static void vprintk(const char *prefix, const char *fmt, va_list ap)
{
	char buf[400];
	size_t at = strlen(prefix);
	int n;

	memcpy(buf, prefix, at);
	n = keel_vsnprintf(buf + at, sizeof(buf) - at, fmt, ap);
	console_write(buf, MIN(at + n, sizeof(buf) - 1));
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk("(keel) ", fmt, ap);
	va_end(ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	cli();
	/* Whoever holds the lock may be the one that is broken. */
	console_lock.locked = 0;
	va_start(ap, fmt);
	vprintk("\n(keel) PANIC: ", fmt, ap);
	va_end(ap);
	console_write("\n", 1);
	machine_stop(true);
}
