// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import static io.pghello.extension.installer.FakeServer.content;
import static io.pghello.extension.installer.FakeServer.jar;
import static io.pghello.extension.installer.FakeServer.write;
import static io.pghello.extension.installer.NativeFiles.AMD64;
import static io.pghello.extension.installer.NativeFiles.ARM64;
import static io.pghello.extension.installer.NativeFiles.BUNDLE;
import static io.pghello.extension.installer.NativeFiles.PROGRAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.FakeServer.Run;
import io.pghello.extension.installer.NativeFiles.MachO;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs the installer with servers for macOS, in the directories that they have on a Mac. */
class MacInstallerTest {
  private static final MachO LIBRARY =
      new MachO(ARM64, BUNDLE).importing("palloc").exporting("Pg_magic_func");

  @TempDir private Path folder;
  private Path root;
  private Path jar;

  @BeforeEach
  void makeRoot() throws IOException {
    folder = folder.toRealPath();
    root = Files.createDirectory(folder.resolve("root"));
    jar = folder.resolve("acme.jar");
  }

  private Run run(String... arguments) {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--root", root.toString()));
    return FakeServer.run(jar, all.toArray(new String[0]));
  }

  private static byte[] server(int processor, String version) {
    return new MachO(processor, PROGRAM)
        .exporting("palloc", "pfree")
        .containing("postgres (PostgreSQL) " + version)
        .bytes();
  }

  private void pack(String file, byte[] library) throws IOException {
    jar(
        jar,
        Map.of(
            "acme.properties",
            "scripts = acme.control\nlibraries = acme",
            "acme/acme.control",
            "",
            "acme/" + file,
            library,
            "acme/SHA256SUMS",
            Sha256Sums.hash(library) + "  " + file + "\n"));
  }

  private void refuses(Run run, String sentence) {
    assertThat(run.status()).as(run.out()).isEqualTo(Installer.REFUSED);
    assertThat(run.err()).hasLineCount(1).contains(sentence);
  }

  /**
   * Homebrew's server looks for extensions in the common directories, which contain links to the
   * files of the keg.
   */
  @ParameterizedTest
  @CsvSource({"opt/homebrew, 17", "usr/local, 16"})
  void installsIntoHomebrewsServer(String prefix, int major) throws IOException {
    String name = "postgresql@" + major;
    Path homebrew = root.resolve(prefix);
    Path keg = homebrew.resolve("Cellar").resolve(name).resolve(major + ".5");
    write(keg.resolve("bin/postgres"), "");
    Files.write(keg.resolve("bin/postgres"), server(ARM64, major + ".5 (Homebrew)"));
    for (String each : List.of("lib/NAME/plpgsql.dylib", "share/NAME/extension/plpgsql.control")) {
      write(keg.resolve(each.replace("NAME", "postgresql")), "");
      Path link = homebrew.resolve(each.replace("NAME", name));
      write(link, "");
      Files.delete(link);
      Files.createSymbolicLink(
          link,
          Path.of("/").resolve(root.relativize(keg)).resolve(each.replace("NAME", "postgresql")));
    }
    Files.createDirectories(homebrew.resolve("opt"));
    Files.createSymbolicLink(
        homebrew.resolve("opt").resolve(name), Path.of("../Cellar", name, major + ".5"));
    pack("darwin-arm64/" + major + "/acme.dylib", LIBRARY.bytes());
    Map<String, String> before = content(root);
    Run install = run("install");
    assertThat(install.err()).isEmpty();
    assertThat(install.status()).isEqualTo(Installer.OK);
    assertThat(install.out()).startsWith("PostgreSQL " + major + ".5 (darwin-arm64, ");
    assertThat(homebrew.resolve("lib").resolve(name).resolve("acme.dylib")).isExecutable();
    assertThat(homebrew.resolve("share").resolve(name).resolve("extension/acme.control")).exists();
    assertThat(run("check").status()).isEqualTo(Installer.OK);
    assertThat(run("uninstall").status()).isEqualTo(Installer.OK);
    assertThat(content(root)).isEqualTo(before);
  }

  private Path other(String place, int major, byte[] program) throws IOException {
    String suffix = PackedExtension.librarySuffix("darwin-arm64", major);
    Path version = root.resolve(place).resolve(Integer.toString(major));
    write(version.resolve("lib/postgresql/plpgsql" + suffix), "");
    write(version.resolve("share/postgresql/extension/plpgsql.control"), "");
    write(version.resolve("bin/postgres"), "");
    Files.write(version.resolve("bin/postgres"), program);
    return version;
  }

  @ParameterizedTest
  @CsvSource({
    "Applications/Postgres.app/Contents/Versions, 18, dylib",
    "Library/PostgreSQL, 15, so",
    "Library/PostgreSQL, 16, dylib"
  })
  void installsIntoOtherServersOfAMac(String place, int major, String suffix) throws IOException {
    Path version = other(place, major, server(ARM64, major + ".1"));
    pack("darwin-arm64/" + major + "/acme." + suffix, LIBRARY.bytes());
    assertThat(run("install").err()).isEmpty();
    assertThat(version.resolve("lib/postgresql/acme." + suffix)).exists();
  }

  @Test
  void refusesLibrariesThatTheServerCannotLoad() throws IOException {
    other("Library/PostgreSQL", 17, server(ARM64, "17.1"));
    String file = "darwin-arm64/17/acme.dylib";
    pack(file, new MachO(AMD64, BUNDLE).bytes());
    refuses(
        run("install"),
        "acme.dylib was built for darwin-amd64, but the server is PostgreSQL 17.1 (darwin-arm64, ");
    pack(file, FakeServer.library(""));
    refuses(
        run("install"), "acme.dylib was built for linux-amd64, but the server is PostgreSQL 17.1");
    pack(file, LIBRARY.containing(NativeFiles.magic(15)).bytes());
    refuses(
        run("install"),
        "acme.dylib was built for PostgreSQL 15, but the server is PostgreSQL 17.1");
    pack(file, LIBRARY.importing("palloc", "palloc_aligned").bytes());
    refuses(run("install"), "acme.dylib needs palloc_aligned, which this server does not export: ");
    pack(file, LIBRARY.unsigned().bytes());
    refuses(run("install"), "acme.dylib is not signed, and macOS runs only signed code");
    byte[] whole = LIBRARY.bytes();
    pack(file, Arrays.copyOf(whole, whole.length - 9));
    refuses(run("install"), "acme.dylib cannot be used: it is truncated or damaged.");
    pack(file, LIBRARY.containing(NativeFiles.magic(17)).bytes());
    assertThat(run("install").status()).isEqualTo(Installer.OK);
  }

  @Test
  void namesLibrariesThatAreMissing() throws IOException {
    other("Library/PostgreSQL", 17, server(ARM64, "17.1"));
    pack(
        "darwin-arm64/17/acme.dylib",
        LIBRARY
            .needing("/usr/lib/libSystem.B.dylib", "@loader_path/a.dylib", "/opt/lib/geos.dylib")
            .bytes());
    Run install = run("install");
    assertThat(install.status()).isEqualTo(Installer.WARNING);
    assertThat(install.out())
        .contains("acme.dylib needs /opt/lib/geos.dylib, which was not found")
        .doesNotContain("libSystem.B.dylib", "a.dylib, which");
    write(root.resolve("opt/lib/geos.dylib"), "");
    assertThat(run("install").status()).isEqualTo(Installer.OK);
  }

  /**
   * A universal file contains programs for both processors. The kernel runs the program for the
   * machine's processor.
   */
  @Test
  void choosesTheProcessorOfThisMachine() {
    Set<String> both = new LinkedHashSet<>(List.of("darwin-amd64", "darwin-arm64"));
    assertThat(Server.platform(both, "aarch64")).isEqualTo("darwin-arm64");
    assertThat(Server.platform(both, "x86_64")).isEqualTo("darwin-amd64");
    assertThat(Server.platform(Set.of("linux-s390x"), "amd64")).isEqualTo("linux-s390x");
  }

  @Test
  void refusesWindows() throws IOException, RefusedException {
    assertThatThrownBy(() -> Installer.requirePosix(Set.of("acl", "basic", "dos", "user")))
        .isInstanceOf(RefusedException.class)
        .hasMessageStartingWith("The installer does not work on Windows: copy the files ");
    Installer.requirePosix(Set.of("basic", "posix"));
    byte[] program = NativeFiles.pe(0x8664, false, List.of(), List.of());
    write(root.resolve("bin/postgres"), new String(program, StandardCharsets.US_ASCII));
    Files.write(root.resolve("bin/postgres"), program);
    pack("windows-amd64/17/acme.dll", program);
    refuses(run("check", "--bindir", "/bin"), "postgres is for Windows. The installer does not");
  }
}
