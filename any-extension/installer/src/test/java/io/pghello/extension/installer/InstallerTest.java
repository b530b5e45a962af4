// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static io.pghello.extension.installer.FakeServer.AMD64;
import static io.pghello.extension.installer.FakeServer.ARM64;
import static io.pghello.extension.installer.FakeServer.acme;
import static io.pghello.extension.installer.FakeServer.content;
import static io.pghello.extension.installer.FakeServer.debian;
import static io.pghello.extension.installer.FakeServer.elf;
import static io.pghello.extension.installer.FakeServer.jar;
import static io.pghello.extension.installer.FakeServer.library;
import static io.pghello.extension.installer.FakeServer.program;
import static io.pghello.extension.installer.FakeServer.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.FakeServer.Run;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InstallerTest {
  @TempDir private Path folder;
  private Path root;
  private Path bin;
  private Path libraries;
  private Path shared;
  private Path jar;

  @BeforeEach
  void makeServer() throws IOException {
    folder = folder.toRealPath();
    root = folder.resolve("root");
    bin = debian(root, 17);
    libraries = root.resolve("usr/lib/postgresql/17/lib");
    shared = root.resolve("usr/share/postgresql/17");
    // the server's machine needs a C library
    write(root.resolve("usr/lib/libc.so.6"), "");
    Files.write(
        root.resolve("usr/lib/libc.so.6"), elf(AMD64, List.of(), null, "2.36", "a C library"));
    jar = acme(folder.resolve("acme.jar"), "1.0", library("one"));
  }

  private Run run(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--root", root.toString()));
    return FakeServer.run(jar, all.toArray(new String[0]));
  }

  private void refuses(Run run, String... sentences) {
    assertThat(run.status()).as(run.out()).isEqualTo(Installer.REFUSED);
    assertThat(run.err()).startsWith("pg-extension: ").hasLineCount(1).contains(sentences);
  }

  @Test
  void installsAndLeavesNothingBehind() throws IOException {
    Map<String, String> before = content(root);
    Run check = run("check");
    assertThat(check.status()).isEqualTo(Installer.WARNING);
    assertThat(check.out())
        .startsWith("PostgreSQL 17.3 (linux-amd64, " + bin.resolve("postgres") + ")")
        .contains("missing  " + libraries.resolve("acme.so"))
        .contains("4 of 4 files are missing or differ from the jar.");
    Run tried = run("install", "--dry-run");
    assertThat(tried.out()).contains("would write " + shared.resolve("acme/units.data"));
    assertThat(content(root)).isEqualTo(before);

    Run install = run("install");
    assertThat(install.err()).isEmpty();
    assertThat(install.status()).isEqualTo(Installer.OK);
    assertThat(install.out()).contains("CREATE EXTENSION acme;").doesNotContain("would");
    assertThat(shared.resolve("extension/acme--1.0.sql"))
        .hasContent("COPY unit FROM '/usr/share/postgresql/17/acme/units.data';");
    assertThat(mode(libraries.resolve("acme.so"))).isEqualTo("rwxr-xr-x");
    assertThat(mode(shared.resolve("extension/acme.control"))).isEqualTo("rw-r--r--");
    assertThat(mode(shared.resolve("acme"))).isEqualTo("rwxr-xr-x");
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/.pg-"));
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    assertThat(run("install").out()).contains("Nothing to do");

    assertThat(run("uninstall", "--dry-run").out())
        .contains("would remove", "Drop it in these databases first (DROP EXTENSION)")
        .doesNotContain("now fail");
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    Run uninstall = run("uninstall");
    assertThat(uninstall.status()).isEqualTo(Installer.OK);
    assertThat(uninstall.out()).contains("its functions now fail");
    assertThat(content(root)).isEqualTo(before);
    assertThat(run("uninstall").out()).contains("Nothing to do");
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  /** A process that has loaded the old library continues to use it. */
  @Test
  void replacesAnOlderVersionByRenaming() throws IOException {
    run("install");
    Path library = libraries.resolve("acme.so");
    Path other = Files.createLink(folder.resolve("mapped"), library);
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    assertThat(run("check").out()).contains("older    " + library);
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(Files.readAllBytes(library)).isEqualTo(library("two"));
    assertThat(Files.readAllBytes(other)).isEqualTo(library("one"));
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/."));
    // scripts of the older version remain on the server; uninstall removes them together with the
    // other files
    assertThat(shared.resolve("extension/acme--1.0.sql")).exists();
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(shared.resolve("extension")).isDirectoryNotContaining("glob:**acme*");
  }

  /** The installation is made to fail at each of its steps in turn. */
  @Test
  void rollsBackAFailedInstallation() throws Exception {
    run("install");
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    Map<String, String> before = content(root);
    int steps = 0;
    while (failsAt(steps, this::install)) {
      assertThat(content(root)).as("failed at step %d", steps).isEqualTo(before);
      steps++;
    }
    assertThat(steps).isGreaterThan(6);
    assertThat(run("check").status()).isEqualTo(Installer.OK);
  }

  /** If only the cleanup fails, the removal is not undone, and another run completes it. */
  @Test
  void undoesARemovalThatFails() throws Exception {
    Map<String, String> empty = content(root);
    run("install");
    Map<String, String> before = content(root);
    int steps = 0;
    boolean fails = true;
    while (fails) {
      try {
        fails = failsAt(steps, this::uninstall);
        if (fails) {
          assertThat(content(root)).as("failed at step %d", steps).isEqualTo(before);
        }
      } catch (IOException e) {
        assertThat(Installer.failure(e))
            .startsWith("the changes are complete, but the cleanup failed: no space");
        assertThat(content(root)).isNotEqualTo(empty);
        assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
        assertThat(content(root)).isEqualTo(empty);
        assertThat(run("install").status()).isEqualTo(Installer.OK);
      }
      steps++;
    }
    assertThat(steps).isGreaterThan(5);
    assertThat(content(root)).isEqualTo(empty);
  }

  private interface Task {
    void run(Consumer<Path> changes) throws Exception;
  }

  private static boolean failsAt(int step, Task task) throws Exception {
    var left = new int[] {step};
    try {
      task.run(
          file -> {
            if (left[0]-- == 0) {
              throw new UncheckedIOException("no space left on device", new IOException());
            }
          });
      return false;
    } catch (UncheckedIOException e) {
      return true;
    }
  }

  private void install(Consumer<Path> changes) throws Exception {
    Server server = server();
    try (var file = new JarFile(jar.toFile())) {
      new InstallPlan(Installer.extension(file, "acme"), server)
          .install(false, changes, said -> {});
    }
  }

  private void uninstall(Consumer<Path> changes) throws Exception {
    InstallPlan.uninstall(server(), "acme", false, changes, said -> {});
  }

  private Server server() throws Exception {
    return Server.in(FileTree.of(root), Path.of("/usr/lib/postgresql/17/bin"));
  }

  /**
   * If the installer is killed at any step, another run recognizes the remaining files as its own,
   * and succeeds.
   */
  @Test
  void recoversFromAKilledInstallation() throws Exception {
    Map<String, String> empty = content(root);
    Path first = root;
    var left = new ArrayList<Path>();
    install(file -> left.add(copyOf(first, "killed" + left.size())));
    jar = acme(folder.resolve("newer.jar"), "1.1", library("two"));
    install(file -> left.add(copyOf(first, "killed" + left.size())));
    uninstall(file -> left.add(copyOf(first, "killed" + left.size())));
    assertThat(content(root)).isEqualTo(empty);
    assertThat(left).hasSizeGreaterThan(24);
    for (Path killed : left) {
      root = killed;
      Path another = copyOf(killed, killed.getFileName() + "-removed");
      Run install = run("install");
      assertThat(install.err()).isEmpty();
      assertThat(run("check").status()).as("installed in %s", killed).isEqualTo(Installer.OK);
      assertThat(content(killed).keySet()).noneMatch(name -> name.contains("/."));
      root = another;
      Run uninstall = run("uninstall");
      assertThat(uninstall.err()).isEmpty();
      assertThat(content(another)).as("removed from %s", another).isEqualTo(empty);
    }
  }

  private Path copyOf(Path from, String name) {
    try {
      Path to = folder.resolve(name);
      FakeServer.copy(from, to);
      return to;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text", "link", "folder"})
  void doesNotChangeForeignFiles(String kind) throws IOException {
    Path file = libraries.resolve("acme.so");
    Path elsewhere = Files.writeString(folder.resolve("elsewhere"), "another's");
    switch (kind) {
      case "text" -> Files.writeString(file, "another's");
      case "link" -> Files.createSymbolicLink(file, elsewhere);
      default -> Files.createDirectory(file);
    }
    Map<String, String> before = content(root);
    assertThat(run("check").out()).contains("foreign  " + file);
    refuses(run("install"), file + " differs from the file in the jar", "Remedy: ");
    refuses(run("install", "--dry-run"), file + " differs from the file in the jar");
    assertThat(run("uninstall").out()).contains("Nothing to do");
    assertThat(content(root)).isEqualTo(before);
    assertThat(elsewhere).hasContent("another's");
  }

  @Test
  void keepsFilesThatExistedBefore() throws IOException {
    Files.write(libraries.resolve("acme.so"), library("one"));
    Map<String, String> before = content(root);
    assertThat(run("install").out()).doesNotContain("wrote " + libraries);
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(content(root)).isEqualTo(before);
  }

  @Test
  void keepsFilesThatWereChangedAfterTheInstallation() throws IOException {
    run("install");
    Path script = shared.resolve("extension/acme--1.0.sql");
    Files.writeString(script, "changed");
    jar = acme(folder.resolve("newer.jar"), "1.0", library("two"));
    refuses(run("install"), script + " differs from the file in the jar");
    Run uninstall = run("uninstall");
    assertThat(uninstall.status()).isEqualTo(Installer.WARNING);
    assertThat(uninstall.out())
        .contains("kept, because it was changed after the installation: " + script);
    assertThat(script).hasContent("changed");
    assertThat(libraries.resolve("acme.so")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../../../outside.sql", "/etc/acme.sql", "a/../../b.sql", "a\\u001bb.sql"})
  void refusesADescriptorThatLeadsOut(String file) throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control, " + file,
            "acme/acme.control",
            "",
            "x",
            ""));
    Map<String, String> before = content(folder);
    refuses(run("install"), "lists \"", "which is not a path below share/postgresql/extension/");
    assertThat(content(folder)).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lib/../../../victim", "lib//victim", "/victim", "nonsense", "folder"})
  void believesNoDamagedNote(String path) throws IOException {
    run("install");
    Path victim = Files.writeString(folder.resolve("victim"), "x");
    Path note = shared.resolve("extension/acme.pg-extension");
    Files.writeString(
        note, Sha256Sums.hash("x".getBytes(StandardCharsets.UTF_8)) + "  " + path + "\n");
    refuses(run("uninstall"), note + " is damaged", "Remedy: ");
    refuses(run("install"), note + " is damaged");
    Files.write(note, new byte[] {(byte) 0xff, '\n'});
    refuses(run("uninstall"), note + " is damaged", "Remedy: ");
    assertThat(victim).exists();
  }

  /**
   * Another user, or root in a container, may have created the links in the tree. The installer may
   * have more privileges than that user.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "HASH  lib/x/victim",
        "HASH  lib/x/deeper/victim",
        "folder  lib/x/victim",
        "folder  lib/x/empty",
        "folder  lib/x/deeper"
      })
  void removesNothingThroughALink(String line) throws IOException {
    Path host = root.resolve("opt");
    write(host.resolve("deeper/victim"), "x");
    write(host.resolve("victim"), "x");
    Files.createDirectory(host.resolve("empty"));
    Files.createSymbolicLink(libraries.resolve("x"), Path.of("../../../../../opt"));
    Path note = shared.resolve("extension/acme.pg-extension");
    String hash = Sha256Sums.hash("x".getBytes(StandardCharsets.UTF_8));
    Files.writeString(note, hash + "  lib/none\n" + line.replace("HASH", hash) + "\n");
    Map<String, String> before = content(root);
    Run uninstall = run("uninstall");
    assertThat(content(root)).isEqualTo(before);
    refuses(uninstall, " is reached through a link", "Remedy: ");
    refuses(run("uninstall", "--dry-run"), " is reached through a link");
    refuses(run("install"), " is reached through a link");
  }

  /**
   * An administrator has moved the contents of the directory elsewhere, and replaced the directory
   * with a file or link.
   */
  @ParameterizedTest
  @ValueSource(strings = {"file", "link"})
  void removesOnlyFoldersAsFolders(String kind) throws IOException {
    run("install");
    Path data = shared.resolve("acme");
    Files.delete(data.resolve("units.data"));
    Files.delete(data);
    Path note = shared.resolve("extension/acme.pg-extension");
    Files.writeString(
        note, Files.readString(note).replaceAll("(?m)^[0-9a-f]+  share/acme/units.data\n", ""));
    if (kind.equals("file")) {
      Files.writeString(data, "");
    } else {
      Files.createSymbolicLink(data, Path.of("/opt/acme"));
    }
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(Files.exists(data, LinkOption.NOFOLLOW_LINKS)).isTrue();
    assertThat(note).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"extension/other.pg-extension", ".acme", "acme/.hidden/a"})
  void rejectsReservedFileNames(String file) throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\ndata = " + file,
            "acme/acme.control",
            "",
            "acme/" + file,
            "0".repeat(64) + "  lib/plpgsql.so\n"));
    Map<String, String> before = content(root);
    refuses(run("install"), "contains " + file + ", but the installer reserves such names");
    assertThat(content(root)).isEqualTo(before);
  }

  /** Jars are untrusted, and the output appears on root's terminal. */
  @Test
  void printsNoControlCharacters() throws IOException {
    String hostile = "\u001b]0;\u009b2J\u202e";
    acme(jar, "1.0", elf(AMD64, List.of("lib\u001b[2J.so"), null, null, ""));
    assertThat(run("check").out())
        .contains("acme.so needs lib?[2J.so")
        .doesNotContainPattern("[^\\P{Cntrl}\\n]");
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\npreload = acme" + hostile + "\nsetting.a = b" + hostile,
            "acme/acme.control",
            ""));
    Run install = run("install");
    assertThat(install.out())
        .contains("add acme?]0;?2J? to shared_preload_libraries")
        .contains("the setting a = b?]0;?2J?\n");
  }

  /** Java can read a jar that lists a file twice. */
  @Test
  void takesADescriptorThatIsListedTwice() throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (String name : List.of("acme.properties", "acmf.properties")) {
        out.putNextEntry(new JarEntry("META-INF/pg-extension/" + name));
        out.write("scripts = acme.control".getBytes(StandardCharsets.UTF_8));
      }
      out.putNextEntry(new JarEntry("META-INF/pg-extension/acme/acme.control"));
    }
    String bytes = Files.readString(jar, StandardCharsets.ISO_8859_1);
    Files.writeString(
        jar, bytes.replace("acmf.properties", "acme.properties"), StandardCharsets.ISO_8859_1);
    assertThat(run("install").err()).isEmpty();
  }

  /** The jar contains a file that is larger than the maximum size of a Java array. */
  @Test
  void failsIfTheMemoryDoesNotDo() throws IOException {
    try (var file = new RandomAccessFile(bin.resolve("postgres").toFile(), "rw")) {
      file.setLength(3L << 30);
    }
    Run run = run("install");
    assertThat(run.status()).isEqualTo(Installer.FAILED);
    assertThat(run.err()).startsWith("pg-extension: failed").contains("memory").hasLineCount(1);
  }

  @Test
  void reportsLibrariesThatTheServerCannotLoad() throws IOException {
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", "16.2"));
    refuses(run("install"), "no library for PostgreSQL 16 on linux-amd64, only for linux-amd64/17");
    Files.write(bin.resolve("postgres"), program(ARM64, "libc.so.6", "17.2"));
    refuses(
        run("install"),
        "no library for PostgreSQL 17 on linux-arm64, only for linux-amd64/17. Use it, or run make");
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.musl-x86_64.so.1", "17.2"));
    refuses(run("install"), "no library for PostgreSQL 17 on linux-amd64-musl");
    Files.writeString(bin.resolve("postgres"), "#!/bin/sh");
    refuses(run("install"), "is not a 64-bit program for Linux or macOS");
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", ""));
    refuses(run("install"), "does not report a PostgreSQL version");
    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", "99999999999.1"));
    refuses(run("install"), "does not report a PostgreSQL version");

    Files.write(bin.resolve("postgres"), program(AMD64, "libc.so.6", "17beta2"));
    acme(jar, "1.0", elf(AMD64, List.of("libc.so.6"), "99999999999.1", null, ""));
    assertThat(run("check").err()).isEmpty();
    acme(jar, "1.0", elf(AMD64, List.of("libc.so.6"), "2.38", null, ""));
    refuses(run("install"), "acme.so needs version 2.38 of the GNU C library", "machine has 2.36");
    acme(jar, "1.0", elf(ARM64, List.of("libc.so.6"), null, null, ""));
    refuses(run("install"), "acme.so was built for linux-arm64");
    acme(jar, "1.0", "nothing".getBytes(StandardCharsets.UTF_8));
    refuses(run("install"), "The library acme.so cannot be used");
  }

  /** The tables of a damaged library may refer to one unterminated name a million times. */
  @Test
  void readsNoLibraryForEver() throws IOException {
    List<String> many = Collections.nCopies(1_100, "liba.so");
    for (byte[] library :
        List.of(
            elf(AMD64, many, null, null, ""),
            elf(AMD64, List.of("a".repeat(5_000)), null, null, ""))) {
      acme(jar, "1.0", library);
      refuses(run("install"), "The library acme.so cannot be used: it is truncated or damaged");
    }
  }

  @Test
  void namesALibraryThatIsMissing() throws IOException {
    acme(jar, "1.0", elf(AMD64, List.of("libh3.so.1", "libc.so.6"), null, null, ""));
    String sentence = "acme.so needs libh3.so.1, which was not found";
    assertThat(run("check").out()).contains(sentence);
    Run install = run("install");
    assertThat(install.out()).contains(sentence);
    assertThat(install.status()).isEqualTo(Installer.WARNING);
    Path h3 = root.resolve("usr/lib/x86_64-linux-gnu/libh3.so.1");
    Files.createDirectories(h3.getParent());
    Files.write(h3, elf(ARM64, List.of(), null, null, ""));
    assertThat(run("check").out()).contains(sentence);
    Files.write(h3, elf(AMD64, List.of(), null, null, ""));
    assertThat(run("check").status()).isEqualTo(Installer.OK);
  }

  /** On Fedora and SUSE, lib contains 32-bit libraries, and lib64 contains 64-bit libraries. */
  @Test
  void passesOverTheLibrariesOfAnotherMachine() throws IOException {
    Path other = root.resolve("lib/libc.so.6");
    Files.createDirectories(other.getParent());
    byte[] of32Bits = elf(3, List.of(), null, "2.1", "");
    of32Bits[4] = 1;
    Files.write(other, of32Bits);
    assertThat(run("check").err()).isEmpty();
    acme(jar, "1.0", elf(AMD64, List.of("libc.so.6"), "2.38", null, ""));
    refuses(run("install"), "acme.so needs version 2.38 of the GNU C library", "machine has 2.36");
  }

  @ParameterizedTest
  @CsvSource({"22, s390x", "243, riscv64"})
  void findsLibrariesOfDebiansOtherMachines(int machine, String name) throws Exception {
    Files.write(bin.resolve("postgres"), program(machine, "libc.so.6", "17.1"));
    Path libc = root.resolve("usr/lib").resolve(name + "-linux-gnu/libc.so.6");
    Files.createDirectories(libc.getParent());
    Files.write(libc, elf(machine, List.of(), null, "2.37", ""));
    assertThat(server().library("libc.so.6")).isPresent();
    assertThat(server().systemVersion()).contains("2.37");
  }

  @Test
  void printsTheSettingsThatTheServerNeeds() throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\npreload = acme\nsetting.acme.db = jobs",
            "acme/acme.control",
            ""));
    assertThat(run("install").out())
        .contains("add acme to shared_preload_libraries, and restart the server.")
        .contains("The server needs the setting acme.db = jobs");
  }

  @Test
  void namesTheServersThatThereAre() throws IOException {
    debian(root, 15);
    refuses(run("install"), "There are 2 servers", "/usr/lib/postgresql/15/bin, /usr/lib/");
    assertThat(run("install", "--bindir", "/usr/lib/postgresql/17/bin").status())
        .isEqualTo(Installer.OK);
    assertThat(run("check", "--bindir", "usr/lib/postgresql/17").status()).isEqualTo(Installer.OK);
    refuses(run("check", "--bindir", "/usr/bin"), "There is no server in /usr/bin");
    refuses(
        run("check", "--pg-config", "/usr/bin/pg_config"), "--pg-config cannot be combined with");
  }

  @ParameterizedTest
  @CsvSource({
    // the official image on Alpine, and builds from source
    "usr/local/bin, usr/local/lib/postgresql, usr/local/share/postgresql",
    "usr/local/pgsql/bin, usr/local/pgsql/lib, usr/local/pgsql/share",
    // packages of the PostgreSQL project, Fedora, Alpine, SUSE
    "usr/pgsql-17/bin, usr/pgsql-17/lib, usr/pgsql-17/share",
    "usr/bin, usr/lib64/pgsql, usr/share/pgsql",
    "usr/libexec/postgresql17, usr/lib/postgresql17, usr/share/postgresql17",
    "usr/lib/postgresql17/bin, usr/lib/postgresql17/lib64, usr/share/postgresql17"
  })
  void findsServersOfDistributions(String programs, String library, String share)
      throws IOException {
    root = folder.resolve("another");
    write(root.resolve(programs).resolve("postgres"), "");
    Files.write(root.resolve(programs).resolve("postgres"), program(AMD64, "libc.so.6", "17.1"));
    write(root.resolve(library).resolve("plpgsql.so"), "");
    write(root.resolve(share).resolve("extension/plpgsql.control"), "");
    Run install = run("install");
    assertThat(install.err()).isEmpty();
    assertThat(root.resolve(library).resolve("acme.so")).exists();
    assertThat(root.resolve(share).resolve("extension/acme.control")).exists();
  }

  @Test
  void usesTheDirectoriesOfPgConfig() throws IOException {
    Path config = folder.resolve("pg_config");
    Files.writeString(
        config,
        """
        #!/bin/sh
        case $1 in
          --bindir) echo '%s' ;;
          --pkglibdir) echo '%s' ;;
          --sharedir) echo '%s' ;;
        esac
        """
            .formatted(bin, libraries, shared));
    refuses(FakeServer.run(jar, "install", "--pg-config", config.toString()), "cannot be run");
    Files.setPosixFilePermissions(config, PosixFilePermissions.fromString("rwxr-xr-x"));
    Run install = FakeServer.run(jar, "install", "--pg-config", config.toString());
    assertThat(install.err()).isEmpty();
    assertThat(shared.resolve("extension/acme--1.0.sql"))
        .hasContent("COPY unit FROM '" + shared + "/acme/units.data';");
    Files.delete(bin.resolve("postgres"));
    refuses(
        FakeServer.run(jar, "check", "--pg-config", config.toString()),
        config + " belongs to a client installation: there is no server in " + bin);
    Files.writeString(config, "#!/bin/sh\nexit 1");
    refuses(
        FakeServer.run(jar, "check", "--pg-config", config.toString()),
        config + " --bindir did not print a directory");
  }

  @Test
  void reportsMissingServersFilesAndArguments() throws IOException {
    root = Files.createDirectory(folder.resolve("empty"));
    refuses(run("check"), "No PostgreSQL server was found. Remedy: ");
    bin = debian(root, 17);
    Files.delete(root.resolve("usr/share/postgresql/17/extension/plpgsql.control"));
    refuses(run("check"), "No directory with extension/plpgsql.control was found for");
    root = folder.resolve("nowhere");
    refuses(run("check"), "There is no directory " + root);
    refuses(FakeServer.run(folder.resolve("no.jar"), "check"), "no.jar is not a file");
    Path none = jar(folder.resolve("none.jar"), Map.of("acme/acme.control", ""));
    refuses(FakeServer.run(none, "check"), "has no extension.");
    refuses(FakeServer.run(jar, "check", "--name", "other"), "has no extension other.");
    jar(none, Map.of("a.properties", "", "b.properties", ""));
    refuses(FakeServer.run(none, "check"), "name one with --name: a, b");
    refuses(FakeServer.run(jar), "check, install or uninstall is missing");
    refuses(FakeServer.run(jar, "check", "--frobnicate"), "Unknown argument: --frobnicate");
    refuses(FakeServer.run(jar, "check", "--root"), "--root requires a value");
    assertThat(FakeServer.run(jar, "--help").out()).startsWith("Usage: ").contains("--dry-run");
  }

  /** Absolute links in the tree refer to files of the tree's machine. */
  @Test
  void followsOnlyLinksThatStayInsideTheRoot() throws IOException {
    Path moved = root.resolve("opt/lib");
    Files.createDirectories(moved.getParent());
    Files.move(libraries, moved);
    Files.createSymbolicLink(libraries, Path.of("/opt/lib"));
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(moved.resolve("acme.so")).exists();
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);

    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.move(moved.resolve("plpgsql.so"), outside.resolve("plpgsql.so"));
    Files.delete(libraries);
    Files.createSymbolicLink(libraries, Path.of("../../../../../outside"));
    refuses(run("install"), " leads out of " + root);
    Files.delete(libraries);
    Files.createSymbolicLink(libraries, Path.of("/usr/lib/postgresql/17/lib"));
    refuses(run("install"), "has a cycle of links");
    assertThat(outside).isDirectoryNotContaining("glob:**acme*");
  }

  @Test
  void writesThroughNoLinkBelowItsFolders() throws IOException {
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.createSymbolicLink(shared.resolve("acme"), outside);
    refuses(run("install"), shared.resolve("acme/units.data") + " is reached through a link");
    assertThat(outside).isEmptyDirectory();
    assertThat(libraries.resolve("acme.so")).doesNotExist();
  }

  /** Also rejects links in place of parent directories. */
  @ParameterizedTest
  @ValueSource(strings = {"acme", "extension"})
  void writesThroughNoLinkHigherUp(String link) throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\ndata = acme/sub/f",
            "acme/acme.control",
            "",
            "acme/acme/sub/f",
            ""));
    Path elsewhere = Files.createDirectories(root.resolve("opt/elsewhere"));
    Files.createDirectory(elsewhere.resolve("sub"));
    write(elsewhere.resolve("plpgsql.control"), "");
    Path place = shared.resolve(link);
    if (Files.exists(place)) {
      Files.delete(place.resolve("plpgsql.control"));
      Files.delete(place);
    }
    Files.createSymbolicLink(place, Path.of("../../../../opt/elsewhere"));
    Map<String, String> before = content(root);
    refuses(run("check"), " is reached through a link");
    refuses(run("install"), " is reached through a link");
    if (link.equals("extension")) {
      refuses(run("uninstall"), " is reached through a link");
    }
    assertThat(content(root)).isEqualTo(before);
  }

  /** Links in place of temporary files and of the lock file are not followed either. */
  @Test
  void writesThroughNoLinkThatAwaitsIt() throws IOException {
    Path victim = Files.writeString(folder.resolve("victim"), "x");
    for (String name : List.of(".acme.so.pg-extension-new", ".acme.so.pg-extension-old")) {
      Files.createSymbolicLink(libraries.resolve(name), victim);
    }
    assertThat(run("install").status()).isEqualTo(Installer.OK);
    assertThat(victim).hasContent("x");
    assertThat(content(libraries).keySet()).containsExactly("/", "acme.so", "plpgsql.so");
    Path lock = shared.resolve("extension/.pg-extension-lock");
    Files.delete(lock);
    Files.createSymbolicLink(lock, victim);
    refuses(run("uninstall"), lock + " is not a regular file. Remedy: remove it.");
  }

  /**
   * Another program creates the link after the installer has deleted the old file and before it
   * writes the new one.
   */
  @Test
  void doesNotFollowALinkCreatedDuringTheInstallation() throws IOException {
    Path victim = Files.writeString(folder.resolve("victim"), "x");
    Path link = libraries.resolve(".acme.so.pg-extension-new");
    try (var changes =
        new Changes(
            file -> {
              try {
                Files.createSymbolicLink(link, victim);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })) {
      assertThatThrownBy(() -> changes.prepare(libraries.resolve("acme.so"), library("one"), true))
          .isInstanceOf(FileAlreadyExistsException.class);
    }
    assertThat(victim).hasContent("x");
    assertThat(link).doesNotExist();
  }

  /** Compares every digit of the hash. */
  @Test
  void rejectsFilesThatDifferFromTheListedHash() throws IOException {
    byte[] library = library("one");
    String hash = Sha256Sums.hash(library);
    for (int i = 0; i < hash.length(); i++) {
      String other =
          hash.substring(0, i) + (hash.charAt(i) == '0' ? '1' : '0') + hash.substring(i + 1);
      jar(
          jar,
          Map.of(
              "acme.properties",
              "scripts = acme.control\nlibraries = acme.so",
              "acme/acme.control",
              "",
              "acme/linux-amd64/17/acme.so",
              library,
              "acme/SHA256SUMS",
              other + "  linux-amd64/17/acme.so\n"));
      refuses(run("install"), "linux-amd64/17/acme.so does not match SHA256SUMS");
    }
    assertThat(libraries.resolve("acme.so")).doesNotExist();
  }

  /**
   * If an ordinary user runs the test, that user owns the directory. If root runs it, another user
   * owns the directory.
   */
  @Test
  void letsRootWriteWhereOthersCannotLeadIt() throws Exception {
    boolean root = (int) Files.getAttribute(folder, "unix:uid") == 0;
    if (root) {
      assertThatCode(() -> DirectoryPermissions.requireOnlyRootsOwn(libraries))
          .doesNotThrowAnyException();
      // the group permissions include those of an access control list
      for (String mode : List.of("rwxrwxrwx", "rwxrwxr-x")) {
        Files.setPosixFilePermissions(libraries, PosixFilePermissions.fromString(mode));
        refuses(
            run("install"), libraries + " can be changed by users other than root", "chmod go-w");
      }
      // in a directory with the sticky bit, other users can create the files that root would write
      Files.setAttribute(libraries, "unix:mode", 01777);
      refuses(run("install"), libraries + " can be changed by users other than root", "chmod go-w");
      Files.setPosixFilePermissions(libraries, PosixFilePermissions.fromString("rwxr-xr-x"));
      // but they cannot replace root's files
      Files.setAttribute(libraries.getParent(), "unix:mode", 01777);
      assertThatCode(() -> DirectoryPermissions.requireOnlyRootsOwn(libraries))
          .doesNotThrowAnyException();
      Files.setAttribute(libraries.getParent(), "unix:mode", 0755);
      Files.setAttribute(libraries.getParent(), "unix:uid", 65534);
    }
    assertThatThrownBy(() -> DirectoryPermissions.requireOnlyRootsOwn(libraries))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining(" can be changed by users other than root (")
        .hasMessageContaining("Remedy: run the installer as its owner: sudo -u ");
  }

  /** If root runs the test, the installer runs as another user. */
  @Test
  void reportsMissingWritePermission() throws Exception {
    Path open = Files.createTempDirectory(Path.of("/tmp"), "pg-extension");
    try {
      FakeServer.copy(root, open.resolve("root"));
      Path executable = FakeServer.executable(jar, open.resolve("acme.jar"));
      execute("chmod", "-R", "a+rX,a-w", open.toString());
      var command = new ArrayList<String>();
      if ((int) Files.getAttribute(folder, "unix:uid") == 0) {
        command.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
      }
      command.addAll(install(executable, open.resolve("root")));
      Path said = folder.resolve("said");
      Process process = start(command, said);
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(said)
          .content()
          .contains("pg-extension: No permission to write to ")
          .contains(
              "Remedy: run the installer as the owner of this directory, "
                  + Files.getOwner(folder)
                  + ", e.g. with sudo");
      assertThat(process.exitValue()).isEqualTo(Installer.REFUSED);
    } finally {
      execute("chmod", "-R", "u+w", open.toString());
      execute("rm", "-r", open.toString());
    }
  }

  private static void execute(String... command) throws Exception {
    assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
  }

  private static List<String> install(Path jar, Path root) {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(
        java,
        "-XX:TieredStopAtLevel=1",
        "-jar",
        jar.toString(),
        "install",
        "--root",
        root.toString());
  }

  private static Process start(List<String> command, Path said) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(said.toFile())
        .start();
  }

  /**
   * If another user could open a library for writing, that user could keep the file open and change
   * it later.
   */
  @Test
  void filesAreNeverWritableByOtherUsers() throws Exception {
    byte[] library = Arrays.copyOf(library("one"), 1 << 24);
    Path executable = FakeServer.executable(acme(jar, "1.0", library), folder.resolve("acme.exe"));
    var command = new ArrayList<>(List.of("sh", "-c", "umask 0; exec \"$@\"", "sh"));
    command.addAll(install(executable, root));
    Path said = folder.resolve("said");
    Process process = start(command, said);
    var writable = new TreeSet<String>();
    boolean ended = false;
    while (!ended) {
      ended = process.waitFor(1, TimeUnit.MILLISECONDS);
      for (Path each : List.of(libraries, shared, shared.resolve("extension"))) {
        writable.addAll(writableByOthers(each));
      }
    }
    assertThat(process.exitValue()).as(Files.readString(said)).isZero();
    assertThat(writable).isEmpty();
    assertThat(mode(shared.resolve("extension/.pg-extension-lock"))).isEqualTo("rw-------");
  }

  /** Returns the files written by the installer that other users can write to. */
  private static List<String> writableByOthers(Path folder) throws IOException {
    var found = new ArrayList<String>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (file.toString().matches(".*/\\.?(acme|pg-)[^/]*") && isWritableByOthers(file)) {
          found.add(file.toString());
        }
      }
    }
    return found;
  }

  private static boolean isWritableByOthers(Path file) throws IOException {
    try {
      return mode(file).matches("....w.*|.......w.");
    } catch (NoSuchFileException e) {
      // the file has been renamed to its final name
      return false;
    }
  }

  @Test
  void waitsForAnotherRun() throws Exception {
    Path executable = FakeServer.executable(jar, folder.resolve("executable.jar"));
    Path said = folder.resolve("said");
    var others = new ArrayList<Process>();
    install(
        file -> {
          if (others.isEmpty()) {
            others.add(startUnchecked(install(executable, root), said));
            awaitWords(said, others.get(0));
          }
        });
    Process other = others.get(0);
    assertThat(other.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(other.exitValue()).as(Files.readString(said)).isZero();
    assertThat(said).content().contains("waits", "Nothing to do");
  }

  private static Process startUnchecked(List<String> command, Path said) {
    try {
      return start(command, said);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns when the process has reported that it waits for the lock. Fails if the process exits
   * before.
   */
  private static void awaitWords(Path said, Process process) {
    try {
      while (!Files.readString(said).contains("waits")) {
        assertThat(process.waitFor(10, TimeUnit.MILLISECONDS)).as(Files.readString(said)).isFalse();
      }
      assertThat(process.isAlive()).isTrue();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void waitsForAnotherThread() throws Exception {
    var other = new FutureTask<>(() -> run("install"));
    var thread = new Thread(other);
    thread.setDaemon(true);
    var request = new Installer.Request(Installer.Action.INSTALL, null, null, null, root, false);
    int status =
        Installer.run(
            jar,
            request,
            line -> {
              if (thread.getState() == Thread.State.NEW) {
                thread.start();
                while (thread.isAlive() && thread.getState() != Thread.State.BLOCKED) {
                  Thread.onSpinWait();
                }
                assertThat(other).isNotDone();
              }
            });
    assertThat(status).isEqualTo(Installer.OK);
    assertThat(other.get(5, TimeUnit.MINUTES).status()).isEqualTo(Installer.OK);
  }

  /** Several installers that run at the same time wait for each other. */
  @Test
  void supportsConcurrentInstallations() throws Exception {
    Path executable = FakeServer.executable(jar, folder.resolve("executable.jar"));
    var processes = new ArrayList<Process>();
    for (int i = 0; i < 3; i++) {
      processes.add(start(install(executable, root), folder.resolve("said" + i)));
    }
    for (int i = 0; i < 3; i++) {
      assertThat(processes.get(i).waitFor(5, TimeUnit.MINUTES)).isTrue();
      assertThat(processes.get(i).exitValue())
          .as(Files.readString(folder.resolve("said" + i)))
          .isZero();
    }
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    assertThat(content(root).keySet()).noneMatch(name -> name.contains("/."));
  }
}
