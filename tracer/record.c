/* SPDX-License-Identifier: MIT
 * What a learning run hears from the tracer. Used inside tracer/ only. It must never lose a tracee
 * for the sake of a record.
 */
#include "tracer/record.h"

#include "shared/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Results beyond these say that the kernel will make the call again (ERESTARTSYS and its kind). */
#define LAST_ERRNO 511

struct tracee_records {
	unsigned n;
	union {
		struct snr_record record;
		char bytes[SNR_RECORD_SIZE];
	} item[SNR_MAX_PATHS];
};

/* proc(5): the name with a newline. */
static void read_comm(pid_t pid, char *comm, size_t size)
{
	char path[48];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, comm, size);
	if (fd >= 0)
		close(fd);
	n -= n > 0 && comm[n - 1] == '\n';
	memset(comm + (n < 0 ? 0 : n), 0, size - (size_t)(n < 0 ? 0 : n));
}

void record_expect(struct tracer *tracer, struct tracee *tracee, const struct snr_event *event)
{
	struct tracee_records *records = tracee->records;
	struct snr_record *record;
	char room[SNR_PATH_MAX];

	if (!records)
		records = tracee->records = calloc(1, sizeof(*records));
	if (!records || records->n == SNR_MAX_PATHS)
		return;
	record = &records->item[records->n].record;
	if (!snr_record_fill(&tracer->redirector, event, room, record))
		return;
	record->pid = tracee->tgid;
	record->engine = SNR_ENGINE_TRACE;
	read_comm(tracee->tgid, record->comm, sizeof(record->comm));
	records->n++;
}

void record_finish(struct tracer *tracer, struct tracee *tracee, int64_t result)
{
	struct tracee_records *records = tracee->records;

	if (!records)
		return;
	for (unsigned i = 0; i < records->n && result >= -LAST_ERRNO; i++) {
		struct snr_record *record = &records->item[i].record;

		record->result = result > 0 ? 0 : (int32_t)result;
		/* Without a learner there is nobody to tell. */
		if (write(tracer->record_fd, record, record->size) < 0)
			break;
	}
	record_forget(tracee);
}

void record_forget(struct tracee *tracee)
{
	free(tracee->records);
	tracee->records = NULL;
}
