/* SPDX-License-Identifier: MIT
 * What layouts need of a snap.yaml, as data with positions; YAML itself is libyaml's business.
 * Only layout.c calls it. It must never judge what is written.
 */
#include "launcher/layout_yaml.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

const char *const layout_keys[LAYOUT_KEYS] = {
	[LAYOUT_BIND] = "bind",       [LAYOUT_BIND_FILE] = "bind-file", [LAYOUT_TYPE] = "type",
	[LAYOUT_SYMLINK] = "symlink", [LAYOUT_USER] = "user",           [LAYOUT_GROUP] = "group",
	[LAYOUT_MODE] = "mode",
};

struct parsing {
	struct rules *rules;
	const char *file;
	yaml_document_t *document;
	struct layout *layout;
};

static struct place place_of(const struct parsing *parsing, yaml_mark_t mark)
{
	return (struct place){parsing->file, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static void wrong(const struct parsing *parsing, const yaml_node_t *node, const char *what,
		  const char *instead)
{
	diags_add(&parsing->rules->diags, DIAG_ERROR, place_of(parsing, node->start_mark), "%s; %s",
		  what, instead);
}

static bool is_null(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	const char *text = (const char *)node->data.scalar.value;

	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(*nulls); i++)
		if (strcmp(text, nulls[i]) == 0)
			return true;
	return false;
}

/* The text of NODE as a word; null is the empty one. False, with a word about it, if it is none. */
static bool read_word(const struct parsing *parsing, const yaml_node_t *node,
		      struct rules_word *word)
{
	if (node->type != YAML_SCALAR_NODE) {
		wrong(parsing, node, "this is a list or a mapping where a text is expected",
		      "write one word behind the colon");
		return false;
	}
	size_t len = is_null(node) ? 0 : node->data.scalar.length;
	const char *text = (const char *)node->data.scalar.value;
	if (memchr(text, '\0', len)) {
		wrong(parsing, node, "a NUL byte in a text", "no path can hold one");
		return false;
	}
	*word = (struct rules_word){pool_copy(&parsing->rules->pool, text, len), (uint32_t)len,
				    place_of(parsing, node->start_mark)};
	return true;
}

static bool is_key(const yaml_node_t *node, const char *key)
{
	return node->type == YAML_SCALAR_NODE &&
	       strcmp((const char *)node->data.scalar.value, key) == 0;
}

static void read_value(const struct parsing *parsing, struct layout_entry *entry,
		       const yaml_node_t *key, const yaml_node_t *value)
{
	if (is_key(key, "<<")) {
		wrong(parsing, key, "a merge key is not read in layouts",
		      "write the keys of the layout out");
		entry->broken = true;
	}
	for (int i = 0; i < LAYOUT_KEYS; i++)
		if (is_key(key, layout_keys[i]) && !read_word(parsing, value, &entry->value[i]))
			entry->broken = true;
}

static void read_entry(const struct parsing *parsing, const yaml_node_t *key,
		       const yaml_node_t *value)
{
	struct layout *layout = parsing->layout;
	struct layout_entry entry = {.path = {.len = 0}};

	for (int i = 0; i < LAYOUT_KEYS; i++)
		entry.value[i].text = "";
	if (!read_word(parsing, key, &entry.path))
		return;
	if (value->type == YAML_MAPPING_NODE) {
		for (yaml_node_pair_t *pair = value->data.mapping.pairs.start;
		     pair < value->data.mapping.pairs.top; pair++)
			read_value(parsing, &entry,
				   yaml_document_get_node(parsing->document, pair->key),
				   yaml_document_get_node(parsing->document, pair->value));
	} else if (!is_null(value)) {
		wrong(parsing, value, "this layout is no mapping",
		      "write for example {bind: $SNAP/DIR}");
		return;
	}
	layout->entry = pool_grow(layout->entry, layout->count + 1, sizeof(*layout->entry));
	layout->entry[layout->count++] = entry;
}

static void read_layouts(const struct parsing *parsing, const yaml_node_t *node)
{
	if (node->type != YAML_MAPPING_NODE) {
		if (!is_null(node))
			wrong(parsing, node, "layout is no mapping", "write PATH: {bind: TARGET}");
		return;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		read_entry(parsing, yaml_document_get_node(parsing->document, pair->key),
			   yaml_document_get_node(parsing->document, pair->value));
}

/* The value of KEY in the mapping ROOT; where it is there more than once, the last. */
static const yaml_node_t *find(const struct parsing *parsing, const yaml_node_t *root,
			       const char *key)
{
	const yaml_node_t *found = NULL;

	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++)
		if (is_key(yaml_document_get_node(parsing->document, pair->key), key))
			found = yaml_document_get_node(parsing->document, pair->value);
	return found;
}

static const char *find_text(const struct parsing *parsing, const yaml_node_t *root,
			     const char *key)
{
	const yaml_node_t *node = find(parsing, root, key);
	struct rules_word word = {.text = ""};

	return node && read_word(parsing, node, &word) ? word.text : "";
}

static void read_document(const struct parsing *parsing, bool unless_strict)
{
	const yaml_node_t *root = yaml_document_get_root_node(parsing->document);
	struct layout *layout = parsing->layout;

	if (!root || root->type != YAML_MAPPING_NODE) {
		struct place whole = {parsing->file, 0, 0};
		diags_add(&parsing->rules->diags, DIAG_ERROR, whole,
			  "this is no snap.yaml, which is a mapping; name that of a snap");
		return;
	}
	layout->name = find_text(parsing, root, "name");
	layout->classic = strcmp(find_text(parsing, root, "confinement"), "classic") == 0;
	if (unless_strict && !layout->classic)
		return;
	const yaml_node_t *misspelt = find(parsing, root, "layouts");
	if (misspelt)
		wrong(parsing, misspelt, "snapd knows no key 'layouts'", "write 'layout'");
	const yaml_node_t *layouts = find(parsing, root, "layout");
	if (layouts)
		read_layouts(parsing, layouts);
}

void layout_parse(struct rules *rules, FILE *stream, const char *file, bool unless_strict,
		  struct layout *layout)
{
	struct parsing parsing = {.rules = rules, .file = file, .layout = layout};
	yaml_parser_t parser;
	yaml_document_t document;

	*layout = (struct layout){.name = ""};
	if (!yaml_parser_initialize(&parser)) {
		rules_cannot_read(rules, file, NULL, ENOMEM);
		return;
	}
	yaml_parser_set_input_file(&parser, stream);
	if (yaml_parser_load(&parser, &document)) {
		parsing.document = &document;
		read_document(&parsing, unless_strict);
		yaml_document_delete(&document);
	} else {
		diags_add(&rules->diags, DIAG_ERROR, place_of(&parsing, parser.problem_mark),
			  "this is no YAML: %s; correct the file",
			  parser.problem ? parser.problem : "no memory is left");
	}
	yaml_parser_delete(&parser);
}
