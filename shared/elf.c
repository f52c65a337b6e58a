/* SPDX-License-Identifier: MIT
 * Reading ELF files. Callable from everywhere. It must never trust a number that it reads.
 */
#include "shared/elf.h"

#include "shared/text.h"

#include <elf.h>
#include <errno.h>

#define MAX_TAGS 1024

static bool read_at(const struct snr_elf *elf, uint64_t offset, void *out, size_t size)
{
	return elf->read_file(elf->context, elf->path, offset, out, size) == (long)size;
}

bool snr_elf_open(struct snr_elf *elf, const char *bytes, size_t len)
{
	union {
		char bytes[SNR_ELF_HEAD];
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} head;

	if (len < sizeof(head.narrow) || !snr_equal(bytes, ELFMAG, SELFMAG))
		return false;
	snr_copy(head.bytes, bytes, len < sizeof(head) ? len : sizeof(head));
	elf->elf_class = head.narrow.e_ident[EI_CLASS];
	elf->machine = head.narrow.e_machine; /* at the same place in both classes */
	elf->phnum = 0;
	if (elf->elf_class == ELFCLASS64 && len >= sizeof(head.wide)) {
		elf->phoff = head.wide.e_phoff;
		elf->phentsize = head.wide.e_phentsize;
		elf->phnum = head.wide.e_phnum;
	} else if (elf->elf_class == ELFCLASS32) {
		elf->phoff = head.narrow.e_phoff;
		elf->phentsize = head.narrow.e_phentsize;
		elf->phnum = head.narrow.e_phnum;
	} else {
		elf->elf_class = ELFCLASSNONE;
	}
	if (elf->phnum > SNR_MAX_PHDRS)
		elf->phnum = SNR_MAX_PHDRS;
	return true;
}

/* Headers are read one at a time: they are a few bytes each, and in the head of the file. */
bool snr_elf_segment(const struct snr_elf *elf, unsigned index, struct snr_segment *segment)
{
	uint64_t at = elf->phoff + (uint64_t)index * elf->phentsize;
	Elf64_Phdr wide;
	Elf32_Phdr narrow;

	if (elf->elf_class == ELFCLASS64) {
		if (!read_at(elf, at, &wide, sizeof(wide)))
			return false;
		*segment = (struct snr_segment){wide.p_type, wide.p_offset, wide.p_vaddr,
						wide.p_filesz};
	} else {
		if (!read_at(elf, at, &narrow, sizeof(narrow)))
			return false;
		*segment = (struct snr_segment){narrow.p_type, narrow.p_offset, narrow.p_vaddr,
						narrow.p_filesz};
	}
	return true;
}

static bool read_tag(const struct snr_elf *elf, const struct snr_dynamic *dynamic, unsigned index,
		     int64_t *tag, uint64_t *value)
{
	Elf64_Dyn wide;
	Elf32_Dyn narrow;

	if (elf->elf_class == ELFCLASS64) {
		if (!read_at(elf, dynamic->offset + index * sizeof(wide), &wide, sizeof(wide)))
			return false;
		*tag = wide.d_tag;
		*value = wide.d_un.d_val;
	} else {
		if (!read_at(elf, dynamic->offset + index * sizeof(narrow), &narrow,
			     sizeof(narrow)))
			return false;
		*tag = narrow.d_tag;
		*value = narrow.d_un.d_val;
	}
	return true;
}

/* Where in the file is what will be at ADDRESS? */
static bool find_address(const struct snr_elf *elf, uint64_t address, uint64_t *offset)
{
	struct snr_segment segment;

	for (unsigned i = 0; i < elf->phnum && snr_elf_segment(elf, i, &segment); i++) {
		if (segment.type == PT_LOAD && address - segment.address < segment.size) {
			*offset = address - segment.address + segment.offset;
			return true;
		}
	}
	return false;
}

bool snr_elf_dynamic(const struct snr_elf *elf, struct snr_dynamic *dynamic)
{
	struct snr_segment segment;
	uint64_t value, strings = 0;
	unsigned i = 0;
	int64_t tag;

	do {
		if (i == elf->phnum || !snr_elf_segment(elf, i++, &segment))
			return false;
	} while (segment.type != PT_DYNAMIC);
	dynamic->offset = segment.offset;
	for (i = 0; i < MAX_TAGS && read_tag(elf, dynamic, i, &tag, &value); i++) {
		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			strings = value;
	}
	dynamic->count = i;
	return strings && find_address(elf, strings, &dynamic->strings);
}

long snr_elf_string(const struct snr_elf *elf, const struct snr_dynamic *dynamic, int64_t tag,
		    unsigned *index, char *out, size_t size)
{
	uint64_t value;
	int64_t found;
	size_t len;
	long n;

	do {
		if (*index >= dynamic->count)
			return -ENOENT;
		if (!read_tag(elf, dynamic, (*index)++, &found, &value))
			return -EIO;
	} while (found != tag);
	n = elf->read_file(elf->context, elf->path, dynamic->strings + value, out, size);
	if (n <= 0)
		return n ? n : -EIO;
	len = snr_length_within(out, (size_t)n);
	return len < (size_t)n ? (long)len : -ENAMETOOLONG;
}
