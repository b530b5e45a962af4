// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import io.pghello.extension.launcher.Launcher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Creates the files of installed servers and the jars of extensions, and runs the installer. */
final class FakeServer {
  static final int AMD64 = 62;
  static final int ARM64 = 183;

  private FakeServer() {}

  /** The output and the exit status of a run. */
  record Run(int status, String out, String err) {}

  static Run run(Path jar, String... arguments) {
    var out = new StringBuilder();
    var err = new StringBuilder();
    int status =
        Installer.run(
            jar,
            List.of(arguments),
            line -> out.append(line).append('\n'),
            line -> err.append(line).append('\n'));
    return new Run(status, out.toString(), err.toString());
  }

  /** Creates a server in Debian's directories, and returns the directory of its programs. */
  static Path debian(Path root, int major) throws IOException {
    String version = "postgresql/" + major;
    Path bin = root.resolve("usr/lib").resolve(version).resolve("bin");
    Files.createDirectories(bin);
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", major + ".3"));
    write(root.resolve("usr/lib").resolve(version).resolve("lib/plpgsql.so"), "");
    write(root.resolve("usr/share").resolve(version).resolve("extension/plpgsql.control"), "");
    return bin;
  }

  static byte[] program(int machine, String libc, String version) {
    return elf(machine, List.of(libc), null, null, "postgres (PostgreSQL) " + version);
  }

  static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** Writes a jar with text files. */
  static Path jar(Path jar, Map<String, ?> files) throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Map.Entry<String, ?> file : new TreeMap<>(files).entrySet()) {
        out.putNextEntry(new JarEntry("META-INF/pg-extension/" + file.getKey()));
        out.write(
            file.getValue() instanceof byte[] bytes
                ? bytes
                : file.getValue().toString().getBytes(StandardCharsets.UTF_8));
        out.closeEntry();
      }
    }
    return jar;
  }

  /** Writes a jar of an extension with a library for linux-amd64/17. */
  static Path acme(Path jar, String version, byte[] library) throws IOException {
    String build = "linux-amd64/17/acme.so";
    return jar(
        jar,
        Map.of(
            "acme.properties",
            """
            scripts = acme.control, acme--%s.sql
            libraries = acme.so
            data = acme/units.data
            """
                .formatted(version),
            "acme/acme.control",
            "default_version = " + version,
            "acme/acme--" + version + ".sql",
            "COPY unit FROM '@PG_EXTENSION_SHARED_FOLDER@/acme/units.data';",
            "acme/acme/units.data",
            "m of " + version,
            "acme/" + build,
            library,
            "acme/SHA256SUMS",
            Sha256Sums.hash(library) + "  " + build + "\n"));
  }

  /** Adds the installer to a jar, as the build of an extension does. */
  static Path executable(Path jar, Path to) throws IOException {
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Launcher.class.getName());
    Path classes = Path.of("target/classes");
    try (var in = new JarFile(jar.toFile());
        var out = new JarOutputStream(Files.newOutputStream(to), manifest);
        Stream<Path> files = Files.walk(classes)) {
      for (JarEntry entry : in.stream().toList()) {
        out.putNextEntry(new JarEntry(entry.getName()));
        in.getInputStream(entry).transferTo(out);
      }
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = classes.relativize(file).toString();
        boolean first = name.endsWith("/Launcher.class");
        out.putNextEntry(new JarEntry(first ? name : "META-INF/pg-extension-installer/" + name));
        Files.copy(file, out);
      }
    }
    return to;
  }

  static byte[] library(String text) {
    return elf(AMD64, List.of("libc.so.6"), "2.17", null, text);
  }

  /** Returns an ELF file with a dynamic segment. The versions are versions of the GNU C library. */
  static byte[] elf(
      int machine,
      List<String> needed,
      @Nullable String needs,
      @Nullable String defines,
      String text) {
    String strings =
        "\0" + String.join("\0", needed) + "\0GLIBC_" + needs + "\0GLIBC_" + defines + "\0";
    int dynamic = 64 + 2 * 56;
    int versions = dynamic + 16 * (needed.size() + 6);
    int table = versions + 32 + 32;
    ByteBuffer file =
        ByteBuffer.allocate(table + strings.length() + text.length() + 1)
            .order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1}).putShort(18, (short) machine);
    file.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
    // the whole file is loaded at address 0
    file.putInt(64, 1).putLong(64 + 32, file.capacity());
    file.putInt(120, 2).putLong(120 + 8, dynamic).putLong(120 + 32, versions - dynamic);
    file.position(dynamic);
    for (String each : needed) {
      file.putLong(1).putLong(strings.indexOf("\0" + each + "\0") + 1);
    }
    file.putLong(5).putLong(table);
    if (needs != null) {
      file.putLong(0x6ffffffeL).putLong(versions).putLong(0x6fffffffL).putLong(1);
    }
    if (defines != null) {
      file.putLong(0x6ffffffcL).putLong(versions + 32).putLong(0x6ffffffdL).putLong(1);
    }
    file.putShort(versions + 2, (short) 1).putInt(versions + 8, 16);
    file.putInt(versions + 16 + 8, strings.indexOf("GLIBC_" + needs));
    file.putInt(versions + 32 + 12, 20);
    file.putInt(versions + 32 + 20, strings.indexOf("GLIBC_" + defines + "\0"));
    file.position(table);
    file.put((strings + text).getBytes(StandardCharsets.ISO_8859_1));
    return file.array();
  }

  /**
   * Returns the contents of files and the targets of links in a directory, by path. Skips the lock
   * file.
   */
  static Map<String, String> content(Path folder) throws IOException {
    var content = new TreeMap<String, String>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        String name = folder.relativize(file).toString();
        if (name.endsWith(".pg-extension-lock")) {
          continue;
        }
        if (Files.isSymbolicLink(file)) {
          content.put(name, "-> " + Files.readSymbolicLink(file));
        } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
          content.put(name, Files.readString(file, StandardCharsets.ISO_8859_1));
        } else {
          content.put(name + "/", "");
        }
      }
    }
    return content;
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()), LinkOption.NOFOLLOW_LINKS);
      }
    }
  }
}
