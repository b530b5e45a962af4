// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.Stage;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExtensionBundleTest {
  /**
   * The platform of the libraries. No test loads a library, so it may differ from this machine's.
   */
  private static final Platform HERE = new Platform("linux", "amd64", false);

  private static final Optional<String> OLD = Optional.of("2.0");
  private static final Optional<String> NEW = Optional.of("99.0");
  private static final String LOADER = "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n";

  @TempDir private Path folder;
  private final AtomicInteger asked = new AtomicInteger();

  /** Returns this machine's C library, with a version 2.x. */
  private static byte[] libc() throws IOException {
    String line =
        Files.readAllLines(Path.of("/proc/self/maps")).stream()
            .filter(each -> each.endsWith("/libc.so.6"))
            .findFirst()
            .orElseThrow();
    return Files.readAllBytes(Path.of(line.substring(line.indexOf('/'))));
  }

  /** Returns an extension that contains a C library newer than 2.0, and a library that needs it. */
  private ServerExtension extension(String name, byte[] libc) {
    var source =
        new ExtensionSource() {
          @Override
          public Map<String, byte[]> files(String platform, int major) {
            return Map.of(LIBRARIES + name + ".so", Stage.library(major));
          }

          @Override
          public boolean hasLibc() {
            return true;
          }

          @Override
          public Map<String, byte[]> libc() {
            asked.incrementAndGet();
            return Map.of(
                LIBC + "libc.so.6",
                libc,
                LIBC + "ld-linux-x86-64.so.2",
                LOADER.getBytes(StandardCharsets.UTF_8));
          }
        };
    return new ServerExtension(name, source, List.of(), Map.of(), false);
  }

  private static String key(String... files) throws IOException {
    var content = new TreeMap<String, byte[]>();
    for (int i = 0; i < files.length; i += 2) {
      content.put(files[i], files[i + 1].getBytes(StandardCharsets.UTF_8));
    }
    var extension =
        new ServerExtension("acme", (platform, major) -> content, List.of(), Map.of(), true);
    return new ExtensionBundle(List.of(extension), HERE, 17, Optional.empty()).key("stock");
  }

  /** The two sets of files differ, but the concatenations of their contents are equal. */
  @Test
  void hasAnotherKeyWithOtherFiles() throws IOException {
    assertThat(key("a", "2", "bb", "12345678")).isNotEqualTo(key("a", "bb 812345678"));
    assertThat(key("a", "", "b", "")).isNotEqualTo(key("a", "b"));
    assertThat(key("a", "1")).isEqualTo(key("a", "1"));
  }

  /** Returns an extension in a jar that must not be read. */
  private static ServerExtension inJar(String identity) {
    var source =
        new ExtensionSource() {
          @Override
          public Map<String, byte[]> files(String platform, int major) throws IOException {
            throw new IOException("read");
          }

          @Override
          public Optional<String> identity() {
            return Optional.of(identity);
          }
        };
    return new ServerExtension(identity, source, List.of(), Map.of(), true);
  }

  private static String keyOf(Optional<String> machines, ServerExtension... extensions)
      throws IOException {
    return new ExtensionBundle(List.of(extensions), HERE, 17, machines).key("stock");
  }

  /** Servers for macOS are the same file for both processors. */
  @Test
  void hasAnotherKeyOnAnotherPlatform() throws IOException {
    List<ServerExtension> extensions = List.of(inJar("a"));
    var keys = new HashSet<String>();
    for (String processor : List.of("amd64", "arm64")) {
      var platform = new Platform("darwin", processor, false);
      keys.add(new ExtensionBundle(extensions, platform, 17, Optional.empty()).key("stock"));
    }
    assertThat(keys).hasSize(2);
  }

  /** If the key required reading the jars, each start would read and hash all libraries. */
  @Test
  void hasAKeyWithoutReadingJars() throws IOException {
    ServerExtension ofServer = ServerExtension.ofServer("pg_trgm");
    String key = keyOf(OLD, inJar("a"), inJar("b"), ofServer);
    assertThat(keyOf(OLD, inJar("a"), inJar("b"), ofServer)).isEqualTo(key);
    assertThat(
            Stream.of(
                keyOf(OLD, inJar("b"), inJar("a"), ofServer),
                keyOf(OLD, inJar("a"), ofServer),
                keyOf(NEW, inJar("a"), inJar("b"), ofServer),
                keyOf(Optional.empty(), inJar("a"), inJar("b"), ofServer)))
        .doesNotHaveDuplicates()
        .doesNotContain(key);
    // the files of a directory may have changed
    assertThatThrownBy(() -> keyOf(OLD, inJar("a"), extension("b", libc()))).hasMessage("read");
    var content = new ExtensionBundle(List.of(inJar("a")), HERE, 17, OLD);
    Path stock = Files.createDirectory(folder.resolve("stock"));
    Path server = folder.resolve("server");
    assertThatThrownBy(() -> content.write(stock, server, server)).hasMessage("read");
  }

  private static String templateKey(Map<String, String> settings, String... extensions) {
    return new DatabaseNames("app", "test", List.of(extensions)).templateKey("server", settings);
  }

  @Test
  void hasAnotherTemplateForExtensionsInAnotherSchema() {
    assertThat(
            Stream.of(null, "a", "b")
                .map(schema -> new DatabaseNames("app", "test", List.of("a"), schema))
                .map(names -> names.templateKey("server", Map.of())))
        .doesNotHaveDuplicates();
  }

  @Test
  void hasAnotherTemplateWithOtherSettingsAndExtensions() {
    assertThat(templateKey(Map.of("acme.a", "1, acme.b=2")))
        .isNotEqualTo(templateKey(Map.of("acme.a", "1", "acme.b", "2")));
    assertThat(templateKey(Map.of(), "a, b")).isNotEqualTo(templateKey(Map.of(), "a", "b"));
    assertThat(templateKey(Map.of(), "a", "b"))
        .isNotEqualTo(templateKey(Map.of(), "b", "a"))
        .isNotEqualTo(templateKey(Map.of("a", "b")))
        .isEqualTo(templateKey(Map.of(), "a", "b"));
  }

  /** Machines with different C libraries may share a cache. */
  @Test
  void hasAnotherKeyIfTheMachineHasAnOlderCLibrary() throws IOException {
    List<ServerExtension> extensions = List.of(extension("acme", libc()));
    String withOwn = new ExtensionBundle(extensions, HERE, 17, OLD).key("stock");
    String without = new ExtensionBundle(extensions, HERE, 17, NEW).key("stock");
    assertThat(withOwn).isNotEqualTo(without);
    assertThat(new ExtensionBundle(extensions, HERE, 17, Optional.of("98.0")).key("stock"))
        .isEqualTo(without);
    // with another C library, e.g. musl, libraries for the GNU C library cannot run at all
    assertThat(new ExtensionBundle(extensions, HERE, 17, Optional.empty()).key("stock"))
        .isEqualTo(without);
  }

  @Test
  void readsACLibraryOnceAndOnlyIfNeeded() throws IOException {
    byte[] libc = libc();
    List<ServerExtension> extensions =
        List.of(extension("a", libc), extension("b", libc), extension("c", libc));
    assertThat(new ExtensionBundle(extensions, HERE, 17, NEW).key("stock")).isNotEmpty();
    assertThat(asked).hasValue(0);
    assertThat(new ExtensionBundle(extensions, HERE, 17, OLD).key("stock")).isNotEmpty();
    assertThat(asked).hasValue(1);
  }

  /** The extensions could come from two distributions. */
  @Test
  void usesTheNewestCLibrary() throws IOException {
    byte[] newer = libc();
    byte[] older = replaced(newer, "GLIBC_2.", "GLIBC_1.");
    var content =
        new ExtensionBundle(
            List.of(extension("a", older), extension("b", newer)), HERE, 17, Optional.of("0.9"));
    content.requireUsable(new PostgresCommands(folder, HERE));
    var tooOld = new ExtensionBundle(List.of(extension("a", older)), HERE, 17, Optional.of("0.9"));
    assertThatThrownBy(() -> tooOld.requireUsable(new PostgresCommands(folder, HERE)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching(
            "The library a\\.so needs version 2\\.[0-9.]+ of the GNU C library, but the"
                + " extensions' packages contain version 1\\.[0-9.]+: use a newer libc6"
                + " package\\.");
  }

  /** A recipe's C library is in a separate jar. */
  @Test
  void namesAMissingCLibrary() throws IOException {
    var source =
        new ExtensionSource() {
          @Override
          public Map<String, byte[]> files(String platform, int major) {
            return Map.of(LIBRARIES + "acme.so", Stage.library(major));
          }

          @Override
          public Optional<String> missingLibc() {
            return Optional.of("org/acme/libc");
          }
        };
    var extension = new ServerExtension("acme", source, List.of(), Map.of(), false);
    var bundle = new ExtensionBundle(List.of(extension), HERE, 17, Optional.empty());
    assertThatThrownBy(() -> bundle.requireUsable(new PostgresCommands(folder, HERE), OLD))
        .hasMessageContaining("but this machine has 2.0: build it here")
        .hasMessageContaining(" Or add the jar that contains org/acme/libc to the class path");
  }

  private static byte[] replaced(byte[] bytes, String text, String other) {
    return new String(bytes, StandardCharsets.ISO_8859_1)
        .replace(text, other)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  /** A cache may later be mounted at another path. */
  @Test
  void runsWithItsCLibraryAfterBeingMoved() throws Exception {
    Path stock = folder.resolve("stock");
    Stage.write(stock.resolve("bin/postgres"), "the program");
    Path made = folder.resolve("made");
    new ExtensionBundle(List.of(extension("acme", libc())), HERE, 17, OLD).write(stock, made, made);
    Path moved = Files.move(made, folder.resolve("moved to 'another' place"));
    assertThat(moved.resolve("bin/postgres.bin")).hasContent("the program");
    Process process =
        new ProcessBuilder(moved.resolve("bin/postgres").toString(), "-D", "data")
            .redirectErrorStream(true)
            .start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    String lib = moved + "/lib";
    assertThat(said.lines())
        .containsExactly(
            lib + "/libc/ld-linux-x86-64.so.2",
            "--argv0",
            moved + "/bin/postgres",
            "--library-path",
            lib + "/needed/:" + lib + "/libc/:" + lib,
            moved + "/bin/postgres.bin",
            "-D",
            "data");
  }

  /** The other server may be in a container image. */
  @Test
  void mapsPathsToAnotherServer() throws IOException {
    var files =
        Map.of(
            ExtensionSource.LIBRARIES + "acme.so",
            Stage.library(15),
            ExtensionSource.NEEDED + "libz.so.1",
            new byte[0],
            ExtensionSource.SCRIPTS + "acme--1.0.sql",
            ("COPY t FROM '" + PackedExtension.SHARED_FOLDER + "/t'")
                .getBytes(StandardCharsets.UTF_8));
    var asked = new ArrayList<String>();
    var extension =
        new ServerExtension(
            "acme",
            (platform, major) -> {
              asked.add(platform + "/" + major);
              return files;
            },
            List.of(),
            Map.of(),
            true);
    Map<String, byte[]> placed =
        ExtensionBundle.files(List.of(extension), HERE, 15, "/lib/15/", "/share/15/");
    assertThat(asked).containsExactly("linux-amd64/15");
    assertThat(placed.keySet())
        .containsExactly(
            "/lib/15/acme.so", "/share/15/extension/acme--1.0.sql", "/usr/lib/libz.so.1");
    assertThat(placed.get("/share/15/extension/acme--1.0.sql"))
        .asString()
        .contains("'/share/15/t'");
    assertThatThrownBy(
            () ->
                ExtensionBundle.files(
                    List.of(extension),
                    new Platform("linux", "arm64", false),
                    15,
                    "/lib/",
                    "/share/"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("acme.so was built for linux-amd64, but the server's machine is");
  }

  @Test
  void rejectsDataFilesForAnotherMachine() {
    var extension =
        new ServerExtension(
            "acme",
            (p, m) -> Map.of(ExtensionSource.NEEDED_DATA + "proj/proj.db", new byte[1]),
            List.of(),
            Map.of(),
            false);
    assertThatThrownBy(
            () -> ExtensionBundle.files(List.of(extension), HERE, 17, "/lib/17/", "/share/17/"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "An extension has the data file proj/proj.db, which its libraries would not find");
  }

  /** Two packages may contain different point releases of a library. */
  @Test
  void usesOneOfTwoNeededLibrariesWithTheSameName() throws IOException {
    String path = ExtensionSource.NEEDED + "libz.so.1";
    List<ServerExtension> extensions = new ArrayList<>();
    for (byte content = 1; content <= 2; content++) {
      Map<String, byte[]> files = Map.of(path, new byte[] {content});
      extensions.add(
          new ServerExtension("a" + content, (p, m) -> files, List.of(), Map.of(), false));
    }
    Path stock = Files.createDirectories(folder.resolve("stock"));
    Path server = folder.resolve("server");
    var bundle = new ExtensionBundle(extensions, HERE, 17, Optional.empty());
    bundle.write(stock, server, server);
    assertThat(server.resolve(path)).hasBinaryContent(new byte[] {1});
    assertThat(bundle.differingLibraries())
        .startsWith(" Several extensions contain different versions of libz.so.1, and");
    extensions.remove(1);
    assertThat(new ExtensionBundle(extensions, HERE, 17, Optional.empty()).differingLibraries())
        .isEmpty();
  }

  /** The server's directory contains hard links to the files of the stock server. */
  @Test
  void doesNotChangeTheStockServer() throws IOException {
    Path stock = folder.resolve("stock");
    String script = ExtensionSource.SCRIPTS + "acme--1.0.sql";
    Stage.write(stock.resolve(script), "of the server");
    Stage.write(stock.resolve("bin/initdb"), "linked");
    Stage.write(stock.resolve(InstallationCache.LIST), "list of the stock server's files");
    Map<String, byte[]> files = Map.of(script, "new".getBytes(StandardCharsets.UTF_8));
    var extension = new ServerExtension("acme", (p, m) -> files, List.of(), Map.of(), false);
    Path server = folder.resolve("server");
    new ExtensionBundle(List.of(extension), HERE, 17, Optional.empty())
        .write(stock, server, server);
    assertThat(server.resolve(script)).hasContent("new");
    assertThat(stock.resolve(script)).hasContent("of the server");
    assertThat(Files.isSameFile(server.resolve("bin/initdb"), stock.resolve("bin/initdb")))
        .isTrue();
    // the cache creates a separate list for each directory
    assertThat(server.resolve(InstallationCache.LIST)).doesNotExist();
  }

  private static ExtensionBundle content(
      String system, String processor, int major, Map<String, byte[]> files) throws IOException {
    var extension = new ServerExtension("acme", (p, m) -> files, List.of(), Map.of(), false);
    return new ExtensionBundle(
        List.of(extension), new Platform(system, processor, false), major, Optional.empty());
  }

  /**
   * Returns a copy of the library of pg_hello that needs another library instead of the C library.
   */
  private static byte[] libraryThatNeeds(String name) {
    return replaced(Stage.library(17), "libc.so.6", name);
  }

  private static ExtensionBundle content(Map<String, byte[]> files) {
    var extension = new ServerExtension("acme", (p, m) -> files, List.of(), Map.of(), false);
    return new ExtensionBundle(List.of(extension), HERE, 17, Optional.empty());
  }

  @Test
  void preloadsTheLibrariesThatExtensionsNeed() throws IOException {
    ExtensionBundle content =
        content(
            Map.of(
                ExtensionSource.LIBRARIES + "acme.so", libraryThatNeeds("libg.so.6"),
                ExtensionSource.NEEDED + "libg.so.6", libraryThatNeeds("libp.so.6"),
                ExtensionSource.NEEDED + "libp.so.6", Stage.library(17),
                ExtensionSource.NEEDED + "libother.so.1", Stage.library(17)));
    Path stock = Files.createDirectory(folder.resolve("stock"));
    Path server = folder.resolve("server");
    content.write(stock, server, server);
    assertThat(server.resolve("lib/preloaded")).hasContent("libg.so.6");

    var environment = new HashMap<String, String>();
    new PostgresCommands(server, HERE).preload(environment);
    assertThat(environment).containsOnly(Map.entry("LD_PRELOAD", "libg.so.6"));
    environment.put("LD_PRELOAD", "libasan.so");
    new PostgresCommands(server, HERE).preload(environment);
    assertThat(environment).containsOnly(Map.entry("LD_PRELOAD", "libasan.so:libg.so.6"));
    new PostgresCommands(stock, HERE).preload(environment);
    assertThat(environment).containsOnly(Map.entry("LD_PRELOAD", "libasan.so:libg.so.6"));

    // the server has the library, so it is left out
    Stage.write(stock.resolve("lib/libg.so.6"), "");
    Path other = folder.resolve("other");
    content.write(stock, other, other);
    assertThat(other.resolve("lib/preloaded")).doesNotExist();
  }

  /**
   * If a preloaded library needs a missing one, the loader ends the server before the server can
   * report the problem.
   */
  @Test
  void doesNotPreloadALibraryIfAnotherIsMissing() throws IOException {
    Map<String, byte[]> files =
        new TreeMap<>(
            Map.of(
                ExtensionSource.LIBRARIES + "acme.so", libraryThatNeeds("libg.so.6"),
                ExtensionSource.NEEDED + "libg.so.6", libraryThatNeeds("libp.so.6")));
    Path stock = Files.createDirectory(folder.resolve("stock"));
    Path server = folder.resolve("server");
    content(files).write(stock, server, server);
    assertThat(server.resolve("lib/preloaded")).doesNotExist();

    files.put(ExtensionSource.NEEDED + "libp.so.6", new byte[1]);
    Path damaged = folder.resolve("damaged");
    content(files).write(stock, damaged, damaged);
    assertThat(damaged.resolve("lib/preloaded")).doesNotExist();

    files.remove(ExtensionSource.NEEDED + "libp.so.6");
    Stage.write(stock.resolve("lib/libp.so.6"), "");
    Path found = folder.resolve("found");
    content(files).write(stock, found, found);
    assertThat(found.resolve("lib/preloaded")).hasContent("libg.so.6");
  }

  @Test
  void preloadsTheLibrariesWithItsOwnCLibrary() throws IOException {
    Path stock = folder.resolve("stock");
    Stage.write(stock.resolve("bin/postgres"), "the program");
    Map<String, byte[]> files =
        Map.of(
            ExtensionSource.LIBRARIES + "other.so", libraryThatNeeds("libg.so.6"),
            ExtensionSource.NEEDED + "libg.so.6", Stage.library(17));
    List<ServerExtension> extensions =
        List.of(
            extension("acme", libc()),
            new ServerExtension("other", (p, m) -> files, List.of(), Map.of(), false));
    Path server = folder.resolve("server");
    new ExtensionBundle(extensions, HERE, 17, OLD).write(stock, server, server);
    assertThat(server.resolve("bin/postgres")).content().contains(" --preload libg.so.6 \"$folder");
    assertThat(server.resolve("lib/preloaded")).doesNotExist();
  }

  /**
   * Servers for Windows have other directories, and an extension's scripts must contain the paths
   * of these directories.
   */
  @Test
  void hasTheDirectoriesOfAServerForWindows() throws IOException {
    Path stock = folder.resolve("stock");
    Stage.write(stock.resolve("lib/plpgsql.dll"), "");
    Path made = folder.resolve("made");
    content(
            "windows",
            "amd64",
            17,
            Map.of(
                ExtensionSource.LIBRARIES + "acme.dll",
                new byte[0],
                ExtensionSource.SCRIPTS + "acme--1.0.sql",
                PackedExtension.SHARED_FOLDER.getBytes(StandardCharsets.UTF_8)))
        .write(stock, made, Path.of("/place"));
    assertThat(made.resolve("lib")).isDirectoryContaining("glob:**/plpgsql.dll");
    assertThat(made.resolve("lib")).isDirectoryContaining("glob:**/acme.dll");
    assertThat(made.resolve("share/extension/acme--1.0.sql")).hasContent("/place/share");
    assertThat(made.resolve("share/postgresql")).doesNotExist();
    assertThat(made.resolve("lib/postgresql")).doesNotExist();
  }

  /**
   * Returns a macOS library for Intel processors.
   *
   * @param macos the oldest macOS version that can load the library
   * @param symbol the symbol that the library imports from the server
   */
  private static byte[] library(int macos, String symbol) {
    ByteBuffer file = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(0xfeedfacf).putInt(0x01000007).putInt(0).putInt(8).putInt(2).putInt(48);
    file.putInt(0x85).putInt(0);
    file.putInt(0x32).putInt(24).putInt(1).putInt(macos << 16).putInt(0).putInt(0);
    file.putInt(2).putInt(24).putInt(80).putInt(1).putInt(96).putInt(100);
    file.putInt(1).put((byte) 1).put((byte) 0).putShort((short) 0xff00).putLong(0);
    return file.put(97, ("_" + symbol).getBytes(StandardCharsets.US_ASCII)).array();
  }

  private void assertRejected(Platform platform, Map<String, byte[]> files, String reason)
      throws IOException {
    PostgresCommands programs = programs(platform);
    ExtensionBundle content = content(platform.system(), platform.processor(), 17, files);
    assertThatThrownBy(() -> content.requireUsable(programs))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(reason);
  }

  /** Returns the programs of a server that exports no symbols. */
  private PostgresCommands programs(Platform platform) {
    PostgresCommands programs = new PostgresCommands(folder, platform);
    Stage.write(programs.program("postgres"), library(12, "none"));
    return programs;
  }

  @Test
  void rejectsLibrariesThatAServerForMacosCannotLoad() throws IOException {
    Platform mac = new Platform("darwin", "amd64", false);
    String library = ExtensionSource.LIBRARIES + "acme.dylib";
    assertRejected(
        mac,
        Map.of(library, Stage.library(17)),
        "acme.dylib was built for linux-amd64, but the server's machine is darwin-amd64: ");
    assertRejected(
        new Platform("darwin", "arm64", false),
        Map.of(library, library(12, "palloc")),
        "acme.dylib was built for darwin-amd64, but the server's machine is darwin-arm64: ");
    assertRejected(
        mac,
        Map.of(library, library(12, "palloc")),
        "acme.dylib needs palloc, which this server does not export: ");
    assertRejected(
        mac,
        Map.of(library, Arrays.copyOf(library(12, "palloc"), 100)),
        "acme.dylib cannot be used: it is truncated or damaged.");
    assertRejected(
        mac,
        Map.of(ExtensionSource.NEEDED + "libgeos.dylib", new byte[0]),
        "The extension contains the library libgeos.dylib, which PostgreSQL cannot find on"
            + " macOS: ");
  }

  @Test
  void rejectsLibrariesForANewerMacos() throws IOException {
    byte[] library = library(14, "palloc");
    // sets the number of required symbols to 0
    library[32 + 24 + 12] = 0;
    Platform mac = new Platform("darwin", "amd64", false);
    ExtensionBundle content =
        content("darwin", "amd64", 17, Map.of(ExtensionSource.LIBRARIES + "acme.dylib", library));
    PostgresCommands programs = programs(mac);
    assertThatThrownBy(() -> content.requireUsable(programs, Optional.of("13.6")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The library acme.dylib needs macOS 14.0, but this machine has 13.6: build it for that"
                + " version (MACOSX_DEPLOYMENT_TARGET=13.6).");
    content.requireUsable(programs, Optional.of("14.0"));
  }

  @Test
  void rejectsLibrariesForAnotherMajor() throws IOException {
    var content =
        content(
            HERE.system(),
            HERE.processor(),
            17,
            Map.of(ExtensionSource.LIBRARIES + "acme.so", Stage.library(15)));
    assertThatThrownBy(() -> content.requireUsable(new PostgresCommands(folder, HERE)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The library acme.so was built for PostgreSQL 15, but the server is PostgreSQL 17:"
                + " build it with the server's PG_CONFIG, or use a server of the library's"
                + " version.");
  }

  /** Other settings have no effect on a template, which servers can therefore share. */
  @Test
  void returnsSettingsThatAffectTheCreationOfExtensions() {
    var bundle = new ExtensionBundle(List.of(), HERE, 17, Optional.empty());
    Map<String, String> asked =
        Map.of(
            "shared_preload_libraries",
            "a",
            "session_preload_libraries",
            "b",
            "acme.mode",
            "c",
            "work_mem",
            "1MB");
    assertThat(bundle.creationSettings(asked))
        .containsOnlyKeys("shared_preload_libraries", "session_preload_libraries", "acme.mode");
  }

  @Test
  void mergesSettings() {
    var one = new ServerExtension("a", (p, m) -> Map.of(), List.of("a"), Map.of("a.b", "1"), true);
    var two = new ServerExtension("c", (p, m) -> Map.of(), List.of("c"), Map.of("a.b", "1"), true);
    assertThat(ExtensionBundle.settings(List.of(one, two), Map.of("work_mem", "1MB")))
        .isEqualTo(Map.of("a.b", "1", "shared_preload_libraries", "a,c", "work_mem", "1MB"));
    var other = new ServerExtension("d", (p, m) -> Map.of(), List.of(), Map.of("a.b", "2"), true);
    assertThatThrownBy(() -> ExtensionBundle.settings(List.of(one, other), Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("needs a.b = 2, but another extension needs 1");
  }

  @ParameterizedTest
  @CsvSource({
    "pgvector, vector, ' Did you mean \"vector\"?'",
    "PgVector, vector, ' Did you mean \"vector\"?'",
    "vektor, vector, ' Did you mean \"vector\"?'",
    "postgis-raster, postgis_raster, ' Did you mean \"postgis_raster\"?'",
    "trgm, pg_trgm, ' Did you mean \"pg_trgm\"?'",
    "pg, pg_trgm, ''",
    "hll, hstore, ''",
    "cron, vector, ''",
    "no_such_extension, xml2, ''"
  })
  void suggestsSimilarNames(String asked, String there, String question) {
    assertThat(SimilarNames.question(asked, Stream.of("other", there))).isEqualTo(question);
  }
}
