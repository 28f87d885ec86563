// SPDX-License-Identifier: LGPL-2.1-or-later
/* Shares of the CPU time: configuration to kernel units, and back by reading. */

#include "internal.h"

int vctx_sys_sched(uint32_t id, struct vctx_sched *sched)
{
	static const char *const names[VCTX_SCHED_COUNT] = {
		[VCTX_SCHED_WEIGHT] = "weight", [VCTX_SCHED_SHARES] = "shares",
		[VCTX_SCHED_EFF] = "eff", [VCTX_SCHED_LAG_US] = "lag_us",
		[VCTX_SCHED_RESERVE] = "reserve", [VCTX_SCHED_LIMIT] = "limit",
		[VCTX_SCHED_BURST_US] = "burst_us",
		[VCTX_SCHED_TOKENS_US] = "tokens_us",
		[VCTX_SCHED_HELD] = "held",
		[VCTX_SCHED_RUNNABLE] = "runnable",
		[VCTX_SCHED_HOLDS] = "holds", [VCTX_SCHED_HOLD_US] = "hold_us",
		[VCTX_SCHED_RUN_US] = "run_us", [VCTX_SCHED_USER_US] = "user_us",
		[VCTX_SCHED_SYS_US] = "sys_us",
		[VCTX_SCHED_DELAY_US] = "delay_us",
		[VCTX_SCHED_PARENT] = "parent", [VCTX_SCHED_INSIDE] = "inside",
	};
	vx_autofree char *path = vx_printf("/proc/virtual/%u/sched", id);
	/* 100 bytes for each of 8192 CPUs is the longest it can get. */
	vx_autofree char *text = vx_read_file(path, 1U << 20);
	char *line, *save;
	size_t i;

	memset(sched, 0, sizeof(*sched));
	if (!text)
		return -1;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *colon = strchr(line, ':');
		char *end;
		long long v;

		if (!colon)
			continue;
		*colon = '\0';
		errno = 0;
		v = strtoll(colon + 1, &end, 10);
		for (i = 0; i < VCTX_SCHED_COUNT; i++)
			if (!strcmp(line, names[i]))
				break;
		if (i == VCTX_SCHED_COUNT || end == colon + 1 || *end || errno)
			continue;
		sched->v[i] = v;
		sched->have |= UINT32_C(1) << i;
	}
	return 0;
}

bool vx_cpu_default(const struct vctx_config *cfg)
{
	return cfg->cpu_weight == VX_CPU_WEIGHT_DEFAULT &&
	       !cfg->cpu_guarantee_ppm && !cfg->cpu_max_ppm &&
	       cfg->cpu_burst_ms == VX_CPU_BURST_DEFAULT / 1000000;
}

int vx_cpu_values(const struct vctx_config *cfg, struct vctx_sys_cpu *cpu,
		  struct vctx_err *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 1)
		cpus = 1;
	cpu->weight = cfg->cpu_weight;
	/* millionths of a second of CPU time per second, times 1000: ns */
	cpu->guarantee = cfg->cpu_guarantee_ppm * 1000 * (uint64_t)cpus;
	cpu->max = cfg->cpu_max_ppm * 1000;
	cpu->burst = cfg->cpu_burst_ms * 1000000;
	if (cpu->max && cpu->guarantee > cpu->max)
		return vx_fail(err, VCTX_USAGE,
			       "cpu.guarantee is of the whole machine, cpu.max of one CPU",
			       "cpu.guarantee, %.3g%% of one CPU on this machine of %ld, is more than cpu.max",
			       (double)cpu->guarantee / 1e7, cpus);
	return 0;
}

int vx_cpu_parent(struct vctx *v, const char *name, const struct vctx_config *cfg,
		  uint32_t *id, struct vctx_err *err)
{
	struct vctx_err e = VCTX_ERR_INIT;
	struct vctx_info *info;

	*id = 0;
	if (!cfg->cpu_parent)
		return 0;
	if (!strcmp(cfg->cpu_parent, name))
		return vx_fail(err, VCTX_USAGE, NULL,
			       "cpu.parent: a context cannot be in itself");
	info = vctx_find(v, cfg->cpu_parent, &e);
	if (!info) {
		vx_fail(err, e.code, e.hint, "cpu.parent, %s: %s",
			cfg->cpu_parent, e.msg);
		vctx_err_clear(&e);
		return -1;
	}
	if (info->state == VCTX_RUNNING)
		*id = info->id;
	vctx_info_free(info);
	return *id ? 0 : vx_fail(err, VCTX_STATE, "start that one first",
				 "its cpu.parent, %s, does not run",
				 cfg->cpu_parent);
}

int vx_cpu_parent_error(struct vctx_err *err, const struct vctx_config *cfg)
{
	switch (errno) {
	case ENOSYS:
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not schedule contexts (CONFIG_VSERVER_SCHED); leave out cpu.parent, see 'vctx check'",
			"cannot make a context in another one");
	case ESRCH:
		return vx_fail(err, VCTX_STATE, "start that one first",
			       "its cpu.parent, %s, does not run",
			       cfg->cpu_parent);
	case ELOOP:
		return vx_fail_errno(err, VCTX_FAILED,
			"no more than four contexts can be in each other",
			"cannot make a context in %s", cfg->cpu_parent);
	}
	return vctx_sys_error(err, "cannot make a context in another one");
}

int vx_cpu_error(struct vctx_err *err, const struct vctx_config *cfg)
{
	switch (errno) {
	case ENOSYS:
		return vx_fail_errno(err, VCTX_HOST,
			"this kernel does not schedule contexts (CONFIG_VSERVER_SCHED); leave out [cpu], see 'vctx check'",
			"cannot set its share of the CPUs");
	case ENOSPC:
		return vx_fail_errno(err, VCTX_FAILED, cfg->cpu_parent ?
			"the guarantees of all contexts in its cpu.parent together cannot be more than that one's own" :
			"the guarantees of all contexts together cannot be more than 95% of the CPUs that are online",
			"cannot guarantee %.4g%% of the CPUs",
			(double)cfg->cpu_guarantee_ppm / 1e4);
	case EBUSY:
		return vx_fail_errno(err, VCTX_STATE,
			"lower the guarantees of the contexts in it first",
			"cannot guarantee less than is guaranteed to the contexts in it");
	}
	return vctx_sys_error(err, "cannot set its share of the CPUs");
}
