#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes a shell's completion for snapredir from the table of options.

    gencomplete.py bash|zsh|fish launcher/options.def >FILE

The output is never committed. What a shell completes behind the options is the program and its own arguments.
"""
import ast
import re
import sys

STRING = r'"(?:[^"\\]|\\.)*"'
ROW = re.compile(r"^OPTION\((\w+), ('.'|0), (%s), (no|required|optional), (%s), (%s),\s+(%s)\)$" % ((STRING,) * 4), re.M)


class Option:
    def __init__(self, match):
        _, letter, name, self.argument, value, completion, text = match.groups()
        self.letter = "" if letter == "0" else letter[1]
        self.name, self.value, self.completion, self.help = (
            ast.literal_eval(item) for item in (name, value, completion, text))
        self.help = self.help.replace("\n", " ")

    def spellings(self):
        return (["-" + self.letter] if self.letter else []) + ["--" + self.name]


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    rows = [Option(match) for match in ROW.finditer(text)]
    if len(rows) != len(re.findall(r"^OPTION\(", text, re.M)):
        raise SystemExit("gencomplete: a row of %s cannot be read" % path)
    return rows


BASH = r"""# Completion of snapredir(1) for bash. Made by launcher/gencomplete.py; do not edit.
_snapredir() {
	local cur=${COMP_WORDS[COMP_CWORD]} word last='' want='' program=0 i
	COMPREPLY=()
	# Which option waits for its value? "=" and what is behind it are words of their own to readline.
	for ((i = 1; i < COMP_CWORD && !program; i++)); do
		word=${COMP_WORDS[i]}
		if [ "$word" = = ] && [ -n "$last" ]; then
			want=$last
		elif [ -n "$want" ]; then
			want=''
		else
			case $word in
			--) program=$((i + 1)) ;;
			@REQUIRED@) last=$word want=$word ;;
			-*) last=$word ;;
			*) program=$i ;;
			esac
		fi
	done
	if [ "$cur" = = ] && [ -n "$last" ] && ((!program)); then
		want=$last cur=''
	fi
	if ((!program)); then
		case $want in
@VALUES@
		esac
		if [ -z "$want" ] && [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '@ALL@' -- "$cur")
			return
		fi
		program=$COMP_CWORD
	fi
	# The program and its own arguments.
	if declare -F _command_offset >/dev/null; then
		_command_offset "$program"
	elif ((program == COMP_CWORD)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -F _snapredir snapredir
"""


def bash(rows):
    values = []
    for row in rows:
        if row.argument == "no":
            continue
        values.append("\t\t%s)" % "|".join(row.spellings()))
        if row.completion in ("file", "path"):
            values += ["\t\t\tcompopt -o filenames 2>/dev/null",
                       "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"]
        else:
            values.append("\t\t\tmapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")" % row.completion)
        values += ["\t\t\treturn", "\t\t\t;;"]
    spellings = [text for row in rows for text in row.spellings()]
    required = [text for row in rows if row.argument == "required" for text in row.spellings()]
    print(BASH.replace("@REQUIRED@", " | ".join(required)).replace("@VALUES@", "\n".join(values))
          .replace("@ALL@", " ".join(spellings)), end="")


def quoted(text):
    return "'%s'" % text.replace("'", "'\\''")


def zsh(rows):
    print("#compdef snapredir\n# Made by launcher/gencomplete.py; do not edit.\n_arguments -S \\")
    for row in rows:
        text = re.sub(r"([\[\]:])", r"\\\1", row.help)
        value = ""
        if row.argument != "no":
            action = "_files" if row.completion in ("file", "path") else "(%s)" % row.completion
            value = ":%s%s:%s" % (":" if row.argument == "optional" else "", row.value, action)
        for name in row.spellings():
            mark = {"no": "", "required": "=" if name.startswith("--") else "+",
                    "optional": "=-" if name.startswith("--") else "-"}[row.argument]
            print("\t%s \\" % quoted("*%s%s[%s]%s" % (name, mark, text, value)))
    print("\t'(-)1: :_command_names -e' \\\n\t'*:: :_normal'")


def fish(rows):
    print("# Completion of snapredir(1) for fish. Made by launcher/gencomplete.py; do not edit.")
    for row in rows:
        words = ["complete", "-c", "snapredir", "-l", row.name, "-d", quoted(row.help)]
        if row.letter:
            words += ["-s", row.letter]
        if row.argument == "required":
            words.append("-rF" if row.completion in ("file", "path") else "-xa " + quoted(row.completion))
        print(" ".join(words))
    print("complete -c snapredir -xa '(__fish_complete_subcommand)'")


if __name__ == "__main__":
    {"bash": bash, "zsh": zsh, "fish": fish}[sys.argv[1]](read(sys.argv[2]))
