/* SPDX-License-Identifier: MIT
 * Where ld.so will look for the libraries of a file, and whether a rule has a say in it (ld.so(8)).
 * Under preload ld.so's own search is seen only by the shim's companion in LD_AUDIT, which costs:
 * this tells who needs it. Used by launcher and shim. Allocates nothing.
 */
#ifndef SNR_LIBRARIES_H
#define SNR_LIBRARIES_H

#include "shared/elf.h"
#include "shared/exec.h"
#include "shared/rewrite.h"

/* Working memory, the caller's, uninitialised. */
struct snr_library_search {
	struct snr_redirector *redirector;
	struct snr_scratch *scratch;
	struct snr_elf elf;
	struct snr_dynamic dynamic;
	char origin[SNR_PATH_MAX]; /* directory of the file, as the program names it */
	size_t origin_len;         /* 0: not asked for yet */
	char real[SNR_PATH_MAX];   /* where the kernel finds that */
	size_t real_len;
	char list[SNR_PATH_MAX];  /* DT_RUNPATH or the like */
	char place[SNR_PATH_MAX]; /* a directory that is searched, as the program names it */
	size_t place_len;
	char name[SNR_PATH_MAX];  /* canonical name of it */
	char found[SNR_PATH_MAX]; /* where the kernel finds that */
};

/* Look at the file at the real PATH, which must stay, read by READ_FILE with the host's context.
 * False: ld.so has nothing to look for. */
bool snr_libraries_of(struct snr_library_search *search, struct snr_redirector *redirector,
		      struct snr_scratch *scratch, snr_read_file read_file, const char *path);

/* The lists of directories for the file in ld.so's order, one a call, INDEX from 0: its RPATH,
 * ENVIRONMENT (the value of LD_LIBRARY_PATH, or NULL), its RUNPATH. NULL behind the last; an empty
 * one for none. One that is too long to be read is "$": a word that is nobody's to expand. */
const char *snr_libraries_list(struct snr_library_search *search, unsigned index,
			       const char *environment);

enum snr_place {
	SNR_PLACE_PLAIN,   /* the kernel by itself ends where the rules lead, or nothing is there */
	SNR_PLACE_MOVED,   /* a rule leads to another directory */
	SNR_PLACE_UNKNOWN, /* only ld.so can tell: rules lie beneath, $LIB, $PLATFORM */
};

/* Take the first directory off *LIST (NULL behind the last one) into search->place; where the
 * kernel finds it is in search->found, unless it is UNKNOWN or not there. */
enum snr_place snr_libraries_place(struct snr_library_search *search, const char **list);

/* Where the kernel finds NAME in search->place, in search->found: length or -errno. */
long snr_libraries_find(struct snr_library_search *search, const char *name);

/* What ld.so needs to know for the program of PLAN, started with ENVP. */
struct snr_library_needs {
	bool companion;           /* the shim's companion must be there */
	const char *library_path; /* its LD_LIBRARY_PATH, all directories real, in search->list;
				     NULL: as it is */
};
struct snr_library_needs snr_library_needs(struct snr_library_search *search,
					   struct snr_redirector *redirector,
					   struct snr_scratch *scratch, snr_read_file read_file,
					   const struct snr_exec_plan *plan,
					   const char *const *envp);

#endif
