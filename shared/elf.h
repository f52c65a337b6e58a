/* SPDX-License-Identifier: MIT
 * What an ELF file says of itself to kernel and ld.so (elf(5)): both word sizes read as one, of
 * this machine's byte order. For exec.c and libraries.c. Reads through a callback; allocates
 * nothing.
 */
#ifndef SNR_ELF_H
#define SNR_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read up to SIZE bytes at OFFSET of the real PATH. Returns bytes or -errno. A file is read from
 * offset 0 first. */
typedef long (*snr_read_file)(void *context, const char *path, uint64_t offset, void *out,
			      size_t size);

struct snr_elf {
	snr_read_file read_file;
	void *context;
	const char *path;
	uint64_t phoff;
	uint16_t phentsize;
	uint16_t phnum; /* at most SNR_MAX_PHDRS */
	uint16_t machine;
	uint8_t elf_class; /* ELFCLASS32, ELFCLASS64 */
};

/* Few files have more than a dozen. */
#define SNR_MAX_PHDRS 128

struct snr_segment {
	uint32_t type;    /* PT_INTERP, ... */
	uint64_t offset;  /* in the file */
	uint64_t address; /* once loaded */
	uint64_t size;    /* in the file */
};

/* Enough of a file to tell what it is. */
#define SNR_ELF_HEAD 64

/* Set the other members from the first LEN bytes of the file. False: no ELF file. */
bool snr_elf_open(struct snr_elf *elf, const char *head, size_t len);

/* The program header INDEX. False: it cannot be read. */
bool snr_elf_segment(const struct snr_elf *elf, unsigned index, struct snr_segment *segment);

/* The tags for ld.so. */
struct snr_dynamic {
	uint64_t offset;  /* of the first entry in the file */
	unsigned count;   /* of entries, DT_NULL not among them */
	uint64_t strings; /* offset of the string table in the file */
};

/* False: it has none, or they cannot be read. */
bool snr_elf_dynamic(const struct snr_elf *elf, struct snr_dynamic *dynamic);

/* The string of the first entry with TAG at or behind *INDEX (DT_NEEDED, DT_RUNPATH, ...),
 * NUL-terminated in OUT. *INDEX is then the next one's. Length; -ENOENT: none is left;
 * -ENAMETOOLONG: it does not fit; another -errno of reading. */
long snr_elf_string(const struct snr_elf *elf, const struct snr_dynamic *dynamic, int64_t tag,
		    unsigned *index, char *out, size_t size);

#endif
