# SPDX-License-Identifier: MIT
"""From thousands of operations that differ to the few that matter, and how to show them.

Used by the driver. Delta debugging over the lines of the script: any subset of them is a script.
"""
LONGEST = 160
MOST_SHOWN = 40


def both(work, world, lines, config):
    return work.run(world, lines, config.reference()), work.run(world, lines, config)


def first_difference(expected, got):
    for n, pair in enumerate(zip(expected.log, got.log)):
        if pair[0] != pair[1]:
            return n
    if len(expected.log) != len(got.log):
        return min(len(expected.log), len(got.log))
    return None


def number_of(text):
    head = text.strip().split(' ')[0]
    return int(head) if head.isdigit() else None


def numbers_by_line(lines):
    return {int(line.split('\t', 1)[0]): n for n, line in enumerate(lines)}


def last_number(log, at):
    """Number of the operation that printed log line AT (a child's line precedes its own)."""
    for text in log[at:]:
        number = number_of(text)
        if number is not None:
            return number
    return None


def first_word(text):
    words = text.split(' ')
    return words[1] if len(words) > 1 else ''


def signature(lines, expected, got):
    """What kind of difference this is: the operation and the two results; None: no difference."""
    if got.equals(expected):
        return None
    at = first_difference(expected, got)
    if at is None:
        if got.status != expected.status:
            return 'exit status %s, not %s' % (got.status, expected.status)
        return 'the trees left behind'
    if at >= len(got.log) or (at == len(got.log) - 1 and not got.log[at]):
        return 'stopped early: status %s' % got.status
    number = last_number(expected.log, at)
    by_number = numbers_by_line(lines)
    kind = lines[by_number[number]].split('\t')[2] if number in by_number else 'child'
    a, b = expected.log[at] if at < len(expected.log) else '', got.log[at]
    return '%s: %s expected, %s got' % (kind, first_word(a), first_word(b))


def cut_tail(lines, expected, got):
    """Nothing after the first difference matters."""
    at = first_difference(expected, got)
    if at is None:
        return lines
    number = last_number(expected.log, at)
    by_number = numbers_by_line(lines)
    if number not in by_number:
        return lines
    return lines[:by_number[number] + 1]


def shrink(work, world, lines, config, prologue):
    """The shortest script found that still has the same kind of difference."""
    expected, got = both(work, world, lines, config)
    goal = signature(lines, expected, got)
    head, body = lines[:prologue], cut_tail(lines, expected, got)[prologue:]

    def fails(candidate):
        script = head + candidate
        return signature(script, *both(work, world, script, config)) == goal

    if not fails(body):
        body = lines[prologue:]
    size = max(1, len(body) // 2)
    while body:
        at, removed = 0, False
        while at < len(body):
            candidate = body[:at] + body[at + size:]
            # The last line is the one that shows it.
            if candidate and fails(candidate):
                body, removed = candidate, True
            else:
                at += size
        if size == 1 and not removed:
            break
        if not removed or size > len(body):
            size = max(1, min(size // 2, len(body)))
    return head + body


def shorten(text):
    return text if len(text) <= LONGEST else text[:LONGEST] + '...'


def readable(line):
    number, api, kind, *args = line.split('\t')
    return '%s %s %s(%s)' % (number, 'syscall' if api == 'S' else 'libc', kind,
                             ', '.join(shorten(a) for a in args))


def side_by_side(title, lines, expected, got):
    out = ['--- ' + title]
    logs = []
    for result in (expected, got):
        answers, children = {}, []
        for text in result.log:
            number = number_of(text)
            if number is None or ' child' in text:
                children.append(text)
            else:
                answers[number] = '\n'.join(children + [text])
                children = []
        logs.append(answers)
    shown = cut_tail(lines, expected, got)
    if len(shown) > MOST_SHOWN:
        out.append('  (the last %d of %d operations up to the first difference)' %
                   (MOST_SHOWN, len(shown)))
    for line in shown[-MOST_SHOWN:]:
        number = int(line.split('\t', 1)[0])
        a, b = (log.get(number, '(nothing)') for log in logs)
        if line.split('\t')[2] in ('protect', 'nodirlinks') and a == b:
            continue
        out.append('  ' + readable(line))
        if a == b:
            out.append('      both     ' + shorten(a))
        else:
            out.append('      expected ' + a.replace('\n', '\n               '))
            out.append('      got      ' + b.replace('\n', '\n               '))
    for path in sorted(set(expected.tree) | set(got.tree)):
        a, b = expected.tree.get(path), got.tree.get(path)
        if a != b:
            out.append('  left behind %s\n      expected %s\n      got      %s' % (path, a, b))
    if got.status != expected.status:
        out.append('  status %s, expected %s' % (got.status, expected.status))
    if got.errors:
        out.append('  said: ' + shorten(got.errors.strip()))
    return '\n'.join(out)
