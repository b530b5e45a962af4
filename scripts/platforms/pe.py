#!/usr/bin/env python3
"""Reads libraries for Windows (PE32+, x64).

pe.py LIBRARY DEFINITION      checks a library of an extension against the exports of the server that loads it; prints one line
                              per check, and exits with 1 if a check fails
SPDX-License-Identifier: MIT"""
import re
import struct
import sys

CODE, EXECUTE, WRITE = 0x20, 0x20000000, 0x80000000
# characteristics: the library can be moved, also above 4 GB, and its data is not executable
MOVABLE = 0x20 | 0x40 | 0x100
# parts of Windows 10 and later
SYSTEM = re.compile(r'api-ms-win-crt-[a-z0-9-]+\.dll|kernel32\.dll', re.IGNORECASE)


class Image:
    def __init__(self, path):
        with open(path, 'rb') as file:
            data = self.data = file.read()
        header, = struct.unpack_from('<I', data, 0x3C) if data[:2] == b'MZ' else (0,)
        if not header or data[header:header + 4] != b'PE\0\0':
            raise ValueError('is not a library of Windows')
        self.machine, count, self.timestamp, _, _, optional, self.characteristics = struct.unpack_from('<HHIIIHH', data, header + 4)
        start = header + 24
        self.kind, = struct.unpack_from('<H', data, start)
        self.entry, = struct.unpack_from('<I', data, start + 16)
        self.system = struct.unpack_from('<HH', data, start + 40)
        self.subsystem_version = struct.unpack_from('<HH', data, start + 48)
        self.flags, = struct.unpack_from('<H', data, start + 70)
        self.directories = [struct.unpack_from('<II', data, start + 112 + 8 * i) for i in range(16)]
        self.sections = []
        for i in range(count):
            at = start + optional + 40 * i
            name = data[at:at + 8].rstrip(b'\0').decode()
            size, address, raw_size, raw = struct.unpack_from('<IIII', data, at + 8)
            flags, = struct.unpack_from('<I', data, at + 36)
            self.sections.append((name, address, max(size, raw_size), raw, flags))

    def section(self, address):
        return next(s for s in self.sections if s[1] <= address < s[1] + s[2])

    def offset(self, address):
        _, start, _, raw, _ = self.section(address)
        return raw + address - start

    def text(self, address):
        at = self.offset(address)
        return self.data[at:self.data.index(0, at)].decode('ascii')

    def numbers(self, form, address):
        return struct.unpack_from('<' + form, self.data, self.offset(address))

    def exports(self):
        """Returns the image's own name, and the exported symbols."""
        name, _, _, count, _, names = self.numbers('12x6I', self.directories[0][0])
        return self.text(name), [self.text(*self.numbers('I', names + 4 * i)) for i in range(count)]

    def imports(self):
        """Returns (library, symbol) for each import; the symbol is None if the import is by number."""
        result, at = [], self.directories[1][0]
        while at:
            lookup, _, _, name, addresses = self.numbers('5I', at)
            if not name:
                break
            entry = lookup or addresses
            while True:
                value, = self.numbers('Q', entry)
                if not value:
                    break
                result.append((self.text(name), None if value >> 63 else self.text(value + 2)))
                entry += 8
            at += 20
        return result


def check(path, definition):
    image = Image(path)
    with open(definition) as file:
        exported = {line.split()[0] for line in file.readlines()[2:]}
    failed = False

    def verify(what, passed, detail=''):
        nonlocal failed
        failed |= not passed
        print(('ok   ' if passed else 'FAIL ') + what, detail)

    own_name, names = image.exports()
    imports = image.imports()
    server = sorted(symbol or 'by number' for library, symbol in imports if library == 'postgres.exe')
    others = sorted({library for library, _ in imports if library != 'postgres.exe'})
    verify('is a library for x64', (image.machine, image.kind) == (0x8664, 0x20B) and image.characteristics & 0x2000)
    verify('runs on Windows 10', max(image.system, image.subsystem_version) <= (10, 0), image.subsystem_version)
    verify('has its file\'s name', own_name == path.rsplit('/', 1)[-1], own_name)
    verify('can be moved', image.flags & MOVABLE == MOVABLE and image.directories[5][1] > 8, hex(image.flags))
    verify('has no section that is both writable and executable',
           not any(flags & WRITE and flags & (CODE | EXECUTE) for *_, flags in image.sections))
    verify('has unwind tables', image.directories[3][1] > 0)
    verify('has no timestamp and no entry point', image.timestamp == 0 and image.entry == 0)
    verify('imports only symbols that the server exports', server and set(server) <= exported,
           sorted(set(server) - exported) or '%d symbols' % len(server))
    verify('needs no other library than the C library of Windows', all(map(SYSTEM.fullmatch, others)), others)
    verify('exports its magic block', 'Pg_magic_func' in names, '%d symbols' % len(names))
    return failed


if __name__ == '__main__':
    try:
        sys.exit(check(*sys.argv[1:]))
    except (struct.error, IndexError, StopIteration, ValueError) as error:
        sys.exit('%s: %s' % (sys.argv[1], str(error) or 'is damaged'))
