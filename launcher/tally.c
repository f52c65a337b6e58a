/* SPDX-License-Identifier: MIT
 * What a learning run has heard, added up. learn*.c of the launcher call it.
 * It must never look at the file system.
 */
#include "launcher/tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* ---- tables: hash of a key to its index ---- */

/* FNV-1a, 64 bit. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ull;
	return hash;
}
#define HASH_START 0xcbf29ce484222325ull

/* The elements of a table: how to hash one, and whether it is the one that KEY says. */
struct tally_kind {
	uint64_t (*hash)(const struct tally *tally, uint32_t index);
	bool (*is)(const struct tally *tally, uint32_t index, const void *key);
};

static uint32_t find(const struct tally *tally, const struct tally_table *table,
		     const struct tally_kind *kind, uint64_t hash, const void *key)
{
	uint32_t mask = table->slots - 1;

	for (uint32_t at = (uint32_t)hash & mask; table->slots; at = (at + 1) & mask) {
		if (!table->slot[at])
			break;
		if (kind->is(tally, table->slot[at] - 1, key))
			return table->slot[at] - 1;
	}
	return UINT32_MAX;
}

static void put(struct tally_table *table, uint64_t hash, uint32_t index)
{
	uint32_t mask = table->slots - 1, at = (uint32_t)hash & mask;

	while (table->slot[at])
		at = (at + 1) & mask;
	table->slot[at] = index + 1;
}

/* Enter element INDEX, the newest; the table grows before that where it is half full. */
static void enter(const struct tally *tally, struct tally_table *table,
		  const struct tally_kind *kind, uint32_t index)
{
	if (2 * (index + 1) > table->slots) {
		free(table->slot);
		table->slots = table->slots ? 2 * table->slots : 256;
		table->slot = pool_grow(NULL, table->slots, sizeof(*table->slot));
		memset(table->slot, 0, table->slots * sizeof(*table->slot));
		for (uint32_t i = 0; i < index; i++)
			put(table, kind->hash(tally, i), i);
	}
	put(table, kind->hash(tally, index), index);
}

/* Room for one more of COUNT elements, which grow by doubling. */
static void *room_for(void *array, uint32_t count, size_t size)
{
	if (count & (count - 1))
		return array;
	return pool_grow(array, count ? 2 * (size_t)count : 1, size);
}

struct text {
	const char *bytes;
	size_t len;
};

static uint64_t hash_path(const struct tally *tally, uint32_t index)
{
	return hash_bytes(HASH_START, tally->path[index].path, tally->path[index].len);
}
static bool is_path(const struct tally *tally, uint32_t index, const void *key)
{
	const struct tally_path *path = &tally->path[index];
	const struct text *text = key;

	return path->len == text->len && memcmp(path->path, text->bytes, text->len) == 0;
}
static const struct tally_kind path_kind = {hash_path, is_path};

static uint64_t hash_to(const struct tally *tally, uint32_t index)
{
	return hash_bytes(HASH_START, tally->to[index], strlen(tally->to[index]));
}
static bool is_to(const struct tally *tally, uint32_t index, const void *key)
{
	const struct text *text = key;

	return strlen(tally->to[index]) == text->len &&
	       memcmp(tally->to[index], text->bytes, text->len) == 0;
}
static const struct tally_kind to_kind = {hash_to, is_to};

static uint64_t hash_process(const struct tally *tally, uint32_t index)
{
	return hash_bytes(HASH_START, &tally->process[index], sizeof(*tally->process));
}
static bool is_process(const struct tally *tally, uint32_t index, const void *key)
{
	return memcmp(&tally->process[index], key, sizeof(*tally->process)) == 0;
}
static const struct tally_kind process_kind = {hash_process, is_process};

/* What makes two rows the same, without padding. */
struct row_key {
	uint32_t word[7];
};
static struct row_key key_of(const struct tally_row *row)
{
	return (struct row_key){{row->path, row->process, row->rule, row->to, (uint32_t)row->result,
				 row->op, (uint32_t)row->engine * 2 + row->writes}};
}
static uint64_t hash_key(const struct row_key *key)
{
	uint64_t hash = hash_bytes(HASH_START, key, sizeof(*key));

	return hash ^ hash >> 32;
}
static uint64_t hash_row(const struct tally *tally, uint32_t index)
{
	struct row_key key = key_of(&tally->row[index]);

	return hash_key(&key);
}
static bool is_row(const struct tally *tally, uint32_t index, const void *key)
{
	struct row_key own = key_of(&tally->row[index]);

	return memcmp(&own, key, sizeof(own)) == 0;
}
static const struct tally_kind row_kind = {hash_row, is_row};

/* ---- records ---- */

/* START and NAME as one absolute path without dots, in OUT of 2 * SNR_RECORD_SIZE bytes: its
 * length. Links are not looked at: as the program says it. */
static size_t join(const char *start, size_t start_len, const char *name, size_t name_len,
		   char *out)
{
	const struct text part[2] = {{start, start_len}, {name, name_len}};
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		struct snr_component c = {0};

		while (snr_next_component(part[i].bytes, part[i].len, &c)) {
			const char *word = part[i].bytes + c.start;
			size_t size = c.end - c.start;

			if (snr_is_dot(word, size))
				continue;
			if (snr_is_dotdot(word, size)) {
				while (len && out[--len] != '/')
					;
				continue;
			}
			out[len++] = '/';
			memcpy(out + len, word, size);
			len += size;
		}
	}
	if (!len)
		out[len++] = '/';
	return len;
}

static uint32_t find_or_add_path(struct tally *tally, const char *path, size_t len)
{
	struct text key = {path, len};
	uint32_t index =
		find(tally, &tally->paths, &path_kind, hash_bytes(HASH_START, path, len), &key);

	if (index != UINT32_MAX)
		return index;
	index = tally->npaths;
	tally->path = room_for(tally->path, index, sizeof(*tally->path));
	tally->path[index] = (struct tally_path){.path = pool_copy(&tally->pool, path, len),
						 .len = (uint32_t)len};
	tally->npaths++;
	enter(tally, &tally->paths, &path_kind, index);
	return index;
}

static uint32_t find_or_add_to(struct tally *tally, const char *path, size_t len)
{
	struct text key = {path, len};
	uint32_t index =
		find(tally, &tally->tos, &to_kind, hash_bytes(HASH_START, path, len), &key);

	if (index != UINT32_MAX)
		return index;
	index = tally->nto;
	tally->to = room_for(tally->to, index, sizeof(*tally->to));
	tally->to[index] = pool_copy(&tally->pool, path, len);
	tally->nto++;
	enter(tally, &tally->tos, &to_kind, index);
	return index;
}

static uint32_t find_or_add_process(struct tally *tally, const struct snr_record *record)
{
	struct tally_process key;
	uint32_t index;

	memset(&key, 0, sizeof(key)); /* the padding too */
	key.pid = record->pid;
	memcpy(key.comm, record->comm, sizeof(record->comm));
	index = find(tally, &tally->processes, &process_kind,
		     hash_bytes(HASH_START, &key, sizeof(key)), &key);
	if (index != UINT32_MAX)
		return index;
	index = tally->nprocesses;
	tally->process = room_for(tally->process, index, sizeof(*tally->process));
	memcpy(&tally->process[index], &key, sizeof(key));
	tally->nprocesses++;
	enter(tally, &tally->processes, &process_kind, index);
	return index;
}

static uint32_t find_or_add_row(struct tally *tally, const struct tally_row *row)
{
	struct row_key key = key_of(row);
	uint32_t index = find(tally, &tally->rows, &row_kind, hash_key(&key), &key);

	if (index == UINT32_MAX) {
		index = tally->nrows;
		tally->row = room_for(tally->row, index, sizeof(*tally->row));
		tally->row[index] = *row;
		tally->nrows++;
		enter(tally, &tally->rows, &row_kind, index);
	}
	tally->row[index].count++;
	return index;
}

/* What PATH is to the program, as its row INDEX tells. */
static void note(struct tally_path *path, const struct tally_row *row, uint32_t index,
		 const struct snr_record *record, const struct snr_event *event)
{
	const struct snr_pathop *op = &snr_pathops[row->op];

	if (!path->count++) {
		path->first = row->result;
		path->first_by = index;
		path->rule = row->rule;
	}
	path->found |= row->result >= 0;
	/* `mkdir -p` asks for all directories on the way. */
	bool made = op->effects & SNR_EXCLUSIVE && op->effects & SNR_DIRECTORY &&
		    row->result == -EEXIST;
	if (row->writes && !made && !path->wrote) {
		path->wrote = true;
		path->wrote_by = index;
	}
	path->directory |= (op->effects & SNR_DIRECTORY) || (record->flags & O_DIRECTORY);
	path->replaced |= (op->effects & SNR_REMOVES) != 0;
	path->opened |= row->result >= 0 && !row->writes &&
			((op->effects & SNR_EXECS) || snr_event_opens(event));
}

void tally_add(struct tally *tally, const struct snr_record *record)
{
	const char *name = record->text + record->start_len;
	const struct snr_event event = {.op = record->op,
					.flags = record->flags,
					.nth = record->nth};
	char path[2 * SNR_RECORD_SIZE];
	struct tally_row row = {
		.rule = record->rule,
		.result = record->result,
		.op = record->op,
		.engine = record->engine,
		.writes = snr_event_writes(&event),
	};
	size_t len;

	tally->ran |= (snr_pathops[record->op].effects & SNR_EXECS) && record->result >= 0;
	if (tally->waits && !tally->ran)
		return;
	tally->calls++;
	if ((record->about & SNR_RECORD_CUT) || (*name != '/' && !record->start_len)) {
		tally->lost++;
		return;
	}
	len = join(record->text, *name == '/' ? 0 : record->start_len, name, record->name_len,
		   path);
	row.path = find_or_add_path(tally, path, len);
	row.process = find_or_add_process(tally, record);
	if (record->to_len)
		row.to = 1 + find_or_add_to(tally, name + record->name_len, record->to_len);
	uint32_t index = find_or_add_row(tally, &row);
	note(&tally->path[row.path], &row, index, record, &event);
}

const struct tally_path *tally_find(const struct tally *tally, const char *path, size_t len)
{
	struct text key = {path, len};
	uint32_t index =
		find(tally, &tally->paths, &path_kind, hash_bytes(HASH_START, path, len), &key);

	return index == UINT32_MAX ? NULL : &tally->path[index];
}

void tally_free(struct tally *tally)
{
	free(tally->path);
	free(tally->process);
	free(tally->row);
	free(tally->to);
	free(tally->paths.slot);
	free(tally->processes.slot);
	free(tally->rows.slot);
	free(tally->tos.slot);
	pool_free(&tally->pool);
	*tally = (struct tally){0};
}
