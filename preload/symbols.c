/* SPDX-License-Identifier: MIT
 * Finding the function behind a wrapper: the symbol tables of the objects loaded behind us, read in
 * place. dlsym(RTLD_NEXT) would say the same, but takes the loader's lock, may allocate, and lives
 * in libdl before glibc 2.34. Called through shim_next only. It must never lock or allocate:
 * wrappers run in signal handlers and vfork children.
 */
#include "preload/shim.h"

#include "shared/text.h"

#include <elf.h>
#include <errno.h>
#include <link.h>

/* Ours: tells which object of the list we are. */
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

#define HIDDEN_VERSION                                                                             \
	0x8000 /* bit of a DT_VERSYM entry: not the default version (LSB, symbol versioning) */

struct table {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *hash;
	const ElfW(Half) * versions;
};

/* ld.so has added the base to these already, but not in objects whose dynamic section is read-only
 * (the vDSO). */
static const void *absolute(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static bool read_table(const struct link_map *map, struct table *table)
{
	*table = (struct table){0};
	if (!map->l_ld)
		return false;
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn->d_tag != DT_NULL; dyn++) {
		const void *address = absolute(map, dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			table->symbols = address;
		else if (dyn->d_tag == DT_STRTAB)
			table->strings = address;
		else if (dyn->d_tag == DT_GNU_HASH)
			table->gnu_hash = address;
		else if (dyn->d_tag == DT_HASH)
			table->hash = address;
		else if (dyn->d_tag == DT_VERSYM)
			table->versions = address;
	}
	return table->symbols && table->strings && (table->gnu_hash || table->hash);
}

static bool same_name(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* The best definition so far: the default version if there is one, else the newest. */
struct choice {
	const ElfW(Sym) * symbol;
	unsigned version;
};

static void consider(const struct table *table, uint32_t index, const char *name,
		     struct choice *best)
{
	const ElfW(Sym) *symbol = &table->symbols[index];
	unsigned type = symbol->st_info & 15;
	unsigned version = table->versions ? table->versions[index] : 1;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_value == 0 ||
	    (type != STT_FUNC && type != STT_GNU_IFUNC) ||
	    !same_name(table->strings + symbol->st_name, name))
		return;
	if (!best->symbol || !(version & HIDDEN_VERSION) ||
	    ((best->version & HIDDEN_VERSION) && version > best->version)) {
		best->symbol = symbol;
		best->version = version;
	}
}

/* DT_GNU_HASH: header of four words, a Bloom filter, buckets, chains whose last hash has bit 0 set.
 */
static void search_gnu(const struct table *table, const char *name, struct choice *best)
{
	const uint32_t *header = table->gnu_hash;
	const uint32_t *buckets = header + 4 + header[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chains = buckets + header[0];
	uint32_t hash = 5381;
	uint32_t index;

	for (const char *c = name; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	if (!header[0])
		return;
	index = buckets[hash % header[0]];
	if (index < header[1])
		return;
	for (;; index++) {
		uint32_t other = chains[index - header[1]];

		if ((other | 1) == (hash | 1))
			consider(table, index, name, best);
		if (other & 1)
			return;
	}
}

/* DT_HASH (System V ABI): counts, buckets, chains. */
static void search_sysv(const struct table *table, const char *name, struct choice *best)
{
	const uint32_t *buckets = table->hash + 2;
	const uint32_t *chains = buckets + table->hash[0];
	uint32_t hash = 0;

	for (const char *c = name; *c; c++) {
		hash = (hash << 4) + (unsigned char)*c;
		hash ^= (hash & 0xf0000000) >> 24;
		hash &= 0x0fffffff;
	}
	if (!table->hash[0])
		return;
	for (uint32_t index = buckets[hash % table->hash[0]]; index; index = chains[index])
		consider(table, index, name, best);
}

static void *search_object(const struct link_map *map, const char *name)
{
	struct choice best = {0};
	struct table table;
	ElfW(Addr) address;

	if (!read_table(map, &table))
		return NULL;
	if (table.gnu_hash)
		search_gnu(&table, name, &best);
	else
		search_sysv(&table, name, &best);
	if (!best.symbol)
		return NULL;
	address = map->l_addr + best.symbol->st_value;
	if ((best.symbol->st_info & 15) == STT_GNU_IFUNC)
		address = ((ElfW(Addr)(*)(void))address)();
	return (void *)address;
}

void *shim_symbol(const char *name)
{
	const struct link_map *map = _r_debug.r_map;

	while (map && map->l_ld != _DYNAMIC)
		map = map->l_next;
	for (map = map ? map->l_next : NULL; map; map = map->l_next) {
		void *found = search_object(map, name);

		if (found)
			return found;
	}
	return NULL;
}

static bool is_library(const struct link_map *map, const char *library)
{
	struct table table;

	if (!read_table(map, &table))
		return false;
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == DT_SONAME)
			return snr_begins(table.strings + dyn->d_un.d_val,
					  snr_length(table.strings + dyn->d_un.d_val), library);
	return false;
}

void *shim_symbol_of(const char *library, const char *name)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (is_library(map, library))
			return search_object(map, name);
	return NULL;
}

/* What a relocation table of an object names. */
struct relocations {
	const ElfW(Rela) * first;
	size_t size; /* bytes */
	size_t skip; /* entries in front that name nothing */
};

static bool is_named(const struct table *table, const struct relocations *list, const char *name)
{
	size_t n = list->first ? list->size / sizeof(*list->first) : 0;

	for (size_t i = list->skip; i < n; i++) {
		size_t index = list->first[i].r_info >> (sizeof(ElfW(Addr)) == 8 ? 32 : 8);

		if (index && table->symbols[index].st_shndx == SHN_UNDEF &&
		    same_name(table->strings + table->symbols[index].st_name, name))
			return true;
	}
	return false;
}

/* Whoever calls a function of another object has a relocation for it. */
static bool object_needs(const struct link_map *map, const char *name)
{
	struct relocations plain = {0}, calls = {0};
	struct table table;

	if (!read_table(map, &table))
		return false;
	for (const ElfW(Dyn) *dyn = map->l_ld; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_RELA)
			plain.first = absolute(map, dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_RELASZ)
			plain.size = dyn->d_un.d_val;
		else if (dyn->d_tag == DT_RELACOUNT)
			plain.skip = dyn->d_un.d_val;
		else if (dyn->d_tag == DT_JMPREL)
			calls.first = absolute(map, dyn->d_un.d_ptr);
		else if (dyn->d_tag == DT_PLTRELSZ)
			calls.size = dyn->d_un.d_val;
	}
	return is_named(&table, &plain, name) || is_named(&table, &calls, name);
}

bool shim_is_needed(const char *name)
{
	for (const struct link_map *map = _r_debug.r_map; map; map = map->l_next)
		if (object_needs(map, name))
			return true;
	return false;
}

long shim_missing(void)
{
	return shim_fail(-ENOSYS);
}

void *shim_missing_pointer(void)
{
	shim_fail(-ENOSYS);
	return NULL;
}

void *shim_find(void **cache, const char *name, void *missing)
{
	void *real = shim_symbol(name);

	if (!real)
		real = missing;
	__atomic_store_n(cache, real, __ATOMIC_RELEASE);
	return real;
}
