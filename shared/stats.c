/* SPDX-License-Identifier: MIT
 * Counting for --stats. Callable from everywhere. It must never trust a number that another process
 * may have written.
 */
#include "shared/stats.h"

/* The line of PID, made at its first word; NULL: there are too many. */
static struct snr_stats_process *find(struct snr_stats *stats, int pid)
{
	for (uint32_t i = 0; pid > 0 && i < SNR_STATS_PROCESSES; i++) {
		struct snr_stats_process *process =
			&stats->process[((uint32_t)pid + i) & (SNR_STATS_PROCESSES - 1)];
		int32_t here = 0;

		if (__atomic_load_n(&process->pid, __ATOMIC_RELAXED) == pid ||
		    __atomic_compare_exchange_n(&process->pid, &here, pid, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    here == pid)
			return process;
	}
	return NULL;
}

/* 32-bit machines may have no atomic words of 64 bits. */
static void add(uint64_t *count)
{
#if __SIZEOF_POINTER__ == 8
	__atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
#else
	uint32_t *half = (uint32_t *)count;
	int low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 1;

	if (__atomic_add_fetch(&half[low], 1, __ATOMIC_RELAXED) == 0)
		__atomic_add_fetch(&half[1 - low], 1, __ATOMIC_RELAXED);
#endif
}

void snr_stats_count(struct snr_stats *stats, int pid, enum snr_engine engine, uint32_t rule,
		     enum snr_count what)
{
	struct snr_stats_process *process;

	if (!stats)
		return;
	process = find(stats, pid);
	if (process)
		add(&process->count[what]);
	add(&stats->engine[engine][what]);
	if (snr_stats_size(stats->nrules) <= stats->size)
		add(&stats->rule[rule < stats->nrules ? rule : stats->nrules][what]);
}

void snr_stats_call(struct snr_stats *stats, int pid, enum snr_engine engine, uint32_t rule,
		    bool changed, long result)
{
	snr_stats_count(stats, pid, engine, rule, SNR_COUNT_CALLS);
	if (result < 0)
		snr_stats_count(stats, pid, engine, rule, SNR_COUNT_REFUSED);
	else if (changed)
		snr_stats_count(stats, pid, engine, rule, SNR_COUNT_REDIRECTED);
}

void snr_stats_stop(struct snr_stats *stats, int pid, unsigned kind)
{
	struct snr_stats_process *process;

	if (!stats || kind >= SNR_STOP_KINDS)
		return;
	process = find(stats, pid);
	if (process)
		add(&process->count[SNR_COUNT_STOPS]);
	add(&stats->engine[SNR_ENGINE_TRACE][SNR_COUNT_STOPS]);
	add(&stats->stop[kind]);
}

void snr_stats_program(struct snr_stats *stats, int pid, const char *name, bool gate)
{
	struct snr_stats_process *process = stats ? find(stats, pid) : NULL;
	unsigned i = 0;

	if (!process)
		return;
	for (; i < sizeof(process->name) - 1 && name[i]; i++)
		process->name[i] = name[i];
	process->name[i] = '\0';
	process->gate = gate;
}
