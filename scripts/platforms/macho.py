#!/usr/bin/env python3
"""Reads libraries for macOS (64-bit Mach-O), and checks a library without a Mac.

macho.py LIBRARY SERVER MODULE LIBSYSTEM ARCH     checks a library of an extension against the server that loads it; prints one line
                                                  per check, and exits with 1 if a check fails
  SERVER     the server's program postgres
  MODULE     a module of that server, whose magic block the library must have
  LIBSYSTEM  libSystem.tbd
  ARCH       arm64 or x86_64
SPDX-License-Identifier: MIT"""
import hashlib
import re
import struct
import sys

CPU = {'x86_64': 0x01000007, 'arm64': 0x0100000C}
PAGE = {'x86_64': 4096, 'arm64': 16384}
DYLIB, BUNDLE = 6, 8
# load commands
REQUIRED = 0x80000000
SYMTAB, LOAD_DYLIB, ID_DYLIB, SEGMENT, CODE_SIGNATURE, VERSION_MIN, BUILD_VERSION = 0x2, 0xC, 0xD, 0x19, 0x1D, 0x24, 0x32
LOAD_WEAK_DYLIB, REEXPORT_DYLIB = 0x18 | REQUIRED, 0x1F | REQUIRED
DYLD_INFO, EXPORTS_TRIE, CHAINED_FIXUPS = (0x22, 0x22 | REQUIRED), 0x33 | REQUIRED, 0x34 | REQUIRED
# special values of the library number of a symbol
PROGRAM, ANY = 255, 254
# since 15, the magic block contains its length, five numbers and the name of the ABI; in 18, two addresses follow
MAGIC = 4 + 5 * 4 + 32


class Wrong(Exception):
    """An invalid structure in a file."""


def slice_of(data, arch):
    """Returns the part of a universal file for a processor. Returns a file for a single processor unchanged."""
    if struct.unpack_from('>I', data)[0] != 0xCAFEBABE:
        return data
    for i in range(struct.unpack_from('>I', data, 4)[0]):
        cpu, _, offset, size, _ = struct.unpack_from('>5I', data, 8 + 20 * i)
        if cpu == CPU[arch]:
            return data[offset:offset + size]
    raise Wrong('there is no code for ' + arch)


def uleb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def string(data, at):
    end = data.index(0, at)
    return data[at:end].decode(), end + 1


class MachO:
    def __init__(self, path, arch):
        with open(path, 'rb') as file:
            data = self.data = slice_of(file.read(), arch)
        if data[:4] != b'\xcf\xfa\xed\xfe':
            raise Wrong('is not a Mach-O file of 64 bits')
        self.cpu, self.subtype, self.type, count, _, self.flags = struct.unpack_from('<6I', data, 4)
        # (name, address, size, offset, size in the file, protection), names of sections, (name, type, description, value)
        self.segments, self.sections, self.libraries, self.symbols = [], set(), [], []
        self.platform = self.minimum = self.signature = self.trie = self.name = None
        # (command, offset)
        self.commands = []
        at = 32
        for _ in range(count):
            command, size = struct.unpack_from('<2I', data, at)
            self.commands.append((command, at))
            self.read_command(command, at)
            at += size

    def read_command(self, command, at):
        data = self.data
        if command == SEGMENT:
            name, address, size, offset, file_size, _, protection, sections, _ = struct.unpack_from('<16s4Q4I', data, at + 8)
            self.segments.append((name.rstrip(b'\0').decode(), address, size, offset, file_size, protection))
            for i in range(sections):
                self.sections.add(struct.unpack_from('16s', data, at + 72 + 80 * i)[0].rstrip(b'\0').decode())
        elif command in (LOAD_DYLIB, LOAD_WEAK_DYLIB, REEXPORT_DYLIB):
            self.libraries.append(string(data, at + struct.unpack_from('<I', data, at + 8)[0])[0])
        elif command == ID_DYLIB:
            self.name = string(data, at + struct.unpack_from('<I', data, at + 8)[0])[0]
        elif command == SYMTAB:
            symbols, count, strings, _ = struct.unpack_from('<4I', data, at + 8)
            for i in range(count):
                name, kind, _, description, value = struct.unpack_from('<IBBHQ', data, symbols + 16 * i)
                self.symbols.append((string(data, strings + name)[0], kind, description, value))
        elif command == BUILD_VERSION:
            self.platform, self.minimum = struct.unpack_from('<2I', data, at + 8)
        elif command == VERSION_MIN:
            self.platform, self.minimum = 1, struct.unpack_from('<I', data, at + 8)[0]
        elif command == CODE_SIGNATURE:
            self.signature = struct.unpack_from('<I', data, at + 8)[0]
        elif command == EXPORTS_TRIE:
            self.trie = struct.unpack_from('<2I', data, at + 8)
        elif command in DYLD_INFO:
            self.trie = struct.unpack_from('<2I', data, at + 40)

    def exports(self):
        names, todo = set(), [(b'', 0)]
        start, size = self.trie
        trie = self.data[start:start + size]
        while todo:
            prefix, at = todo.pop()
            length, at = uleb(trie, at)
            if length:
                names.add(prefix.decode())
            at += length
            children, at = trie[at], at + 1
            for _ in range(children):
                end = trie.index(0, at)
                child, following = uleb(trie, end + 1)
                todo.append((prefix + trie[at:end], child))
                at = following
        return names

    def defined(self):
        """Returns the addresses of the symbols that are defined here, by name."""
        return {name: value for name, kind, _, value in self.symbols if kind & 0xE == 0xE and not kind & 0xE0}

    def undefined(self):
        """Returns the origin of each undefined symbol: the number of a library, beginning with 1, or PROGRAM or ANY."""
        return {name: description >> 8 & 0xFF for name, kind, description, _ in self.symbols if kind & 0xEF == 1}

    def at(self, address, size):
        for _, start, length, offset, _, _ in self.segments:
            if start <= address < start + length:
                return self.data[offset + address - start:offset + address - start + size]
        raise Wrong('there is nothing at %#x' % address)

    def magic_block(self):
        """Returns the block to which the result of Pg_magic_func points. Reads the address from the function's instructions."""
        start = self.defined()['_Pg_magic_func']
        code = self.at(start, 40)
        address = None
        if self.cpu == CPU['x86_64']:
            # lea address(%rip), %rax
            i = code.find(b'\x48\x8d\x05')
            if i >= 0:
                address = start + i + 7 + struct.unpack_from('<i', code, i + 3)[0]
        else:
            for i in range(0, 40, 4):
                word, = struct.unpack_from('<I', code, i)
                offset = word >> 29 & 3 | word >> 3 & 0x1FFFFC
                offset -= (offset & 0x100000) << 1
                if word & 0x9F00001F == 0x10000000:  # adr x0
                    address = start + i + offset
                elif word & 0x9F00001F == 0x90000000:  # adrp x0
                    address = (start + i & ~4095) + offset * 4096
                elif word & 0xFFC003FF == 0x91000000 and address is not None:  # add x0, x0
                    address += word >> 10 & 0xFFF
                elif word == 0xD65F03C0:  # ret
                    break
        if address is None:
            raise Wrong('Pg_magic_func does not return an address')
        return self.at(address, MAGIC)

    def check_signature(self):
        """Checks the hash of each page, and returns a description of the signature."""
        magic, _, count = struct.unpack_from('>3I', self.data, self.signature)
        if magic != 0xFADE0CC0:
            raise Wrong('is no signature')
        for i in range(count):
            kind, offset = struct.unpack_from('>2I', self.data, self.signature + 12 + 8 * i)
            if kind == 0:
                return self.check_pages(self.signature + offset)
        raise Wrong('has no code directory')

    def check_pages(self, at):
        magic, _, _, flags, hashes, name, _, count, limit, size, algorithm, _, shift = struct.unpack_from('>9I4B', self.data, at)
        if (magic, algorithm, size, limit) != (0xFADE0C02, 2, 32, self.signature) or count != -(-limit // (1 << shift)):
            raise Wrong('does not cover the file')
        for i in range(count):
            page = self.data[i << shift:min((i + 1) << shift, limit)]
            if hashlib.sha256(page).digest() != self.data[at + hashes + 32 * i:at + hashes + 32 * i + 32]:
                raise Wrong('page %d is not what was signed' % i)
        return '%d pages, flags %#x, %s' % (count, flags, string(self.data, at + name)[0])


def version(number):
    return '%d.%d' % (number >> 16, number >> 8 & 0xFF)


def check(path, server, module, libsystem, arch):
    failed = False

    def verify(what, passed, detail=''):
        nonlocal failed
        failed |= not passed
        print(('ok   ' if passed else 'FAIL ') + what, detail)

    library, server, module = MachO(path, arch), MachO(server, arch), MachO(module, arch)
    verify('is for ' + arch, (library.cpu, library.subtype) == (module.cpu, module.subtype))
    verify('is a bundle or a dylib', library.type in (BUNDLE, DYLIB), library.type)
    # no undefined references, for dyld, two-level namespace
    verify('has the flags of a linked library', library.flags & 0x85 == 0x85, hex(library.flags))
    verify('requires no later macOS than the server', library.platform == 1 and library.minimum <= server.minimum,
           '%s, server %s' % (version(library.minimum), version(server.minimum)))
    verify('needs libSystem only', library.libraries == ['/usr/lib/libSystem.B.dylib'], library.libraries)
    verify('has no install name with a directory', library.type == BUNDLE or not library.name.startswith('/'), library.name or '')
    verify('has aligned segments', all(address % PAGE[arch] == 0 and offset % PAGE[arch] == 0
                                       for _, address, _, offset, _, _ in library.segments))
    verify('has no segment that is both writable and executable', not any(protection & 6 == 6 for *_, protection in library.segments))
    exports = server.exports()
    with open(libsystem) as file:
        system = set(re.findall(r'[\w$.]+', file.read()))
    missing, counts = [], [0, 0]
    for name, owner in sorted(library.undefined().items()):
        if name in exports and owner in (ANY, PROGRAM):
            counts[0] += 1
        elif name in system and owner in (ANY, 1):
            counts[1] += 1
        else:
            missing.append(name)
    verify('uses only symbols of the server and of libSystem', counts[0] and not missing, missing or '%d and %d' % tuple(counts))
    verify('exports its magic block', '_Pg_magic_func' in library.exports(), '%d symbols' % len(library.exports()))
    try:
        verify('has the magic block of the server\'s modules', library.magic_block() == module.magic_block())
    except Wrong as wrong:
        verify('has the magic block of the server\'s modules', False, wrong)
    try:
        verify('is signed', library.signature, library.check_signature() if library.signature else '')
    except Wrong as wrong:
        verify('is signed', False, wrong)
    return failed


def main(*arguments):
    try:
        return check(*arguments)
    except Wrong as wrong:
        return '%s: %s' % (arguments[0], wrong)
    except (struct.error, IndexError, ValueError) as error:
        return '%s is damaged: %s' % (arguments[0], error)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
