// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.DatabasePreparer;
import io.pghello.extension.testkit.internal.cache.HeldFiles;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Attacks on templates in the cache: a server starts with the right template or prepares it. */
@ResourceLock(Resources.LOCALE)
@ResourceLock(Resources.TIME_ZONE)
class CachedTemplateTest {
  private static final String BASE = "template-1";
  private static final Map<String, String> SETTINGS = Map.of("timezone", "UTC");

  private record Keyed(String key) implements DatabasePreparer {
    @Override
    public void prepare(DataSource dataSource) {}

    @Override
    public Optional<String> cacheKey() {
      return Optional.of(key);
    }
  }

  /** A change to a template in the cache. */
  interface Attack {
    void on(Path entry) throws IOException;
  }

  @TempDir private Path folder;
  private InstallationCache cache;
  private Path data;

  @BeforeEach
  void storeTemplate() throws IOException {
    cache = InstallationCache.in(folder.resolve("cache"));
    data = folder.resolve("data");
    Files.createDirectories(data.resolve("base/16384"));
    Files.createDirectories(data.resolve("pg_notify"));
    Files.writeString(data.resolve("PG_VERSION"), "17\n");
    Files.writeString(data.resolve("base/16384/1259"), "x".repeat(300_000));
    Files.writeString(data.resolve("base/16384/empty"), "");
    Files.writeString(data.resolve("name with space"), "1");
    template("one").store(data);
  }

  private CachedTemplate template(String key) {
    return template(BASE, SETTINGS, key);
  }

  private CachedTemplate template(String base, Map<String, String> settings, String key) {
    return new CachedTemplate(
        cache, base, settings, Objects.requireNonNull(TemplateRequest.of(new Keyed(key))));
  }

  private Path entry() throws IOException {
    return entries().get(0);
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> all = Files.list(cache.path(""))) {
      return all.filter(each -> each.getFileName().toString().startsWith("prepared-"))
          .sorted()
          .toList();
    }
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    var contents = new TreeMap<String, String>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : (Iterable<Path>) all::iterator) {
        contents.put(
            folder.relativize(each).toString(),
            Files.isDirectory(each) ? "directory" : Sha256.hex(Files.readAllBytes(each)));
      }
    }
    return contents;
  }

  @Test
  void copiesTheStoredFiles() throws IOException {
    Path copy = folder.resolve("copy");
    assertThat(template("one").restore(copy)).isTrue();
    assertThat(contents(copy)).isEqualTo(contents(data));
    if (Platform.POSIX) {
      assertThat(permissions(copy)).isEqualTo("rwx------");
      assertThat(permissions(copy.resolve("base"))).isEqualTo("rwx------");
      assertThat(permissions(copy.resolve("PG_VERSION"))).isEqualTo("rw-------");
    }
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static Arguments damage(String name, Attack attack) {
    return Arguments.of(name, attack);
  }

  private static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 1;
    FileTime modified = Files.getLastModifiedTime(file);
    Files.write(file, bytes);
    // like a change that leaves no traces
    Files.setLastModifiedTime(file, modified);
  }

  private static void edit(Path entry, String from, String to) throws IOException {
    Path manifest = entry.resolve("manifest");
    Files.writeString(manifest, Files.readString(manifest).replace(from, to));
  }

  private static Stream<Arguments> damages() {
    return Stream.of(
        damage("first byte", e -> flip(e.resolve("data/base/16384/1259"), 0)),
        damage("middle byte", e -> flip(e.resolve("data/base/16384/1259"), 150_000)),
        damage("last byte", e -> flip(e.resolve("data/base/16384/1259"), 299_999)),
        damage("other version", e -> Files.writeString(e.resolve("data/PG_VERSION"), "18\n")),
        damage("truncated", e -> Files.writeString(e.resolve("data/base/16384/1259"), "x")),
        damage(
            "zeros after a power failure",
            e -> Files.write(e.resolve("data/base/16384/1259"), new byte[300_000])),
        damage(
            "longer",
            e ->
                Files.writeString(
                    e.resolve("data/base/16384/1259"), "x", StandardOpenOption.APPEND)),
        damage(
            "empty file has content",
            e -> Files.writeString(e.resolve("data/base/16384/empty"), "x")),
        damage("missing file", e -> Files.delete(e.resolve("data/base/16384/1259"))),
        damage("missing empty file", e -> Files.delete(e.resolve("data/base/16384/empty"))),
        damage("missing directory", e -> HeldFiles.delete(e.resolve("data/base"))),
        damage("missing data", e -> HeldFiles.delete(e.resolve("data"))),
        damage(
            "file is a link",
            e -> {
              Path moved = e.resolve("data/PG_VERSION_2");
              Files.move(e.resolve("data/PG_VERSION"), moved);
              Files.createSymbolicLink(e.resolve("data/PG_VERSION"), moved);
            }),
        damage(
            "file is a directory",
            e -> {
              Files.delete(e.resolve("data/PG_VERSION"));
              Files.createDirectory(e.resolve("data/PG_VERSION"));
            }),
        damage(
            "file is swapped with another one",
            e -> {
              Files.copy(e.resolve("data/PG_VERSION"), e.resolve("data/x"));
              Files.delete(e.resolve("data/PG_VERSION"));
              Files.move(e.resolve("data/name with space"), e.resolve("data/PG_VERSION"));
              Files.move(e.resolve("data/x"), e.resolve("data/name with space"));
            }),
        damage("no manifest", e -> Files.delete(e.resolve("manifest"))),
        damage("empty manifest", e -> Files.writeString(e.resolve("manifest"), "")),
        damage("manifest without end", e -> edit(e, "\nend\n", "\n")),
        damage(
            "half a manifest",
            e -> {
              String all = Files.readString(e.resolve("manifest"));
              Files.writeString(e.resolve("manifest"), all.substring(0, all.length() / 2));
            }),
        damage("manifest is not text", e -> Files.write(e.resolve("manifest"), new byte[] {-1})),
        damage("manifest of another template", e -> flip(e.resolve("manifest"), 5)),
        damage("other checksum", e -> edit(e, "-300000 ", "-300001 ")),
        damage("path outside the template", e -> edit(e, "PG_VERSION", "../../../data/PG_VERSION")),
        damage("absolute path", e -> edit(e, " PG_VERSION", " /etc/hostname")),
        damage("NUL in a path", e -> edit(e, "PG_VERSION", "PG\0VERSION")),
        damage("the same file twice", e -> edit(e, "name with space", "PG_VERSION")),
        damage("line without a path", e -> edit(e, "directory pg_notify", "pg_notify")),
        damage(
            "template is a file",
            e -> {
              HeldFiles.delete(e);
              Files.writeString(e, "");
            }),
        damage(
            "template is empty",
            e -> {
              HeldFiles.delete(e);
              Files.createDirectory(e);
            }),
        damage(
            "template is a link",
            e -> {
              Path elsewhere = e.resolveSibling("elsewhere");
              Files.move(e, elsewhere);
              Files.createSymbolicLink(e, elsewhere);
            }),
        damage(
            "template is a link to nothing",
            e -> {
              HeldFiles.delete(e);
              Files.createSymbolicLink(e, e.resolveSibling("nothing"));
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  void refusesDamagedTemplates(String name, Attack attack) throws IOException {
    attack.on(entry());
    Path copy = folder.resolve("copy");
    assertThat(template("one").restore(copy)).isFalse();
    assertThat(copy).doesNotExist();
    // the damaged template is gone, and the next one can be stored
    assertThat(entries()).isEmpty();
    template("one").store(data);
    assertThat(template("one").restore(copy)).isTrue();
    assertThat(contents(copy)).isEqualTo(contents(data));
  }

  private static Stream<Arguments> additions() {
    return Stream.of(
        damage("additional file", e -> Files.writeString(e.resolve("data/standby.signal"), "")),
        damage(
            "additional settings",
            e -> Files.writeString(e.resolve("data/postgresql.auto.conf"), "fsync = on")),
        damage(
            "additional link",
            e -> Files.createSymbolicLink(e.resolve("data/pg_tblspc"), Path.of("/etc"))),
        damage("removed list of files", e -> Files.delete(e.resolve(InstallationCache.LIST))),
        damage(
            "unfinished template of a killed JVM",
            e -> {
              Path half = e.resolveSibling(".new-1").resolve(e.getFileName());
              Files.createDirectories(half);
              Files.writeString(half.resolve("manifest"), "");
            }));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("additions")
  void ignoresAdditionalFiles(String name, Attack attack) throws IOException {
    attack.on(entry());
    Path copy = folder.resolve("copy");
    assertThat(template("one").restore(copy)).isTrue();
    assertThat(contents(copy)).isEqualTo(contents(data));
  }

  @Test
  void refusesTheTemplateOfAnotherKey() throws IOException {
    Path one = entry();
    template("two").store(data);
    List<Path> both = new ArrayList<>(entries());
    both.remove(one);
    HeldFiles.delete(both.get(0));
    Files.move(one, both.get(0));
    assertThat(template("two").restore(folder.resolve("copy"))).isFalse();
  }

  @Test
  void hasAnotherTemplateForEachDifference() throws IOException {
    TimeZone zone = TimeZone.getDefault();
    Locale locale = Locale.getDefault();
    var others = new ArrayList<CachedTemplate>();
    others.add(template("two"));
    others.add(template("one "));
    others.add(template("template-2", SETTINGS, "one"));
    others.add(template(BASE, Map.of("timezone", "GMT"), "one"));
    others.add(template(BASE, Map.of(), "one"));
    others.add(template(BASE, Map.of("timezoneUTC", ""), "one"));
    others.add(template(BASE, Map.of("timezone", "UTC", "fsync", "on"), "one"));
    try {
      // this test may run in any time zone and locale
      TimeZone.setDefault(TimeZone.getTimeZone("Antarctica/Troll"));
      others.add(template("one"));
      TimeZone.setDefault(zone);
      Locale.setDefault(Locale.forLanguageTag("fo-FO"));
      others.add(template("one"));
    } finally {
      TimeZone.setDefault(zone);
      Locale.setDefault(locale);
    }
    Path copy = folder.resolve("copy");
    for (CachedTemplate other : others) {
      assertThat(other.restore(copy)).isFalse();
    }
    assertThat(template("one").restore(copy)).isTrue();
  }

  @Test
  void keepsEightTemplates() throws IOException {
    for (int i = 0; i < 20; i++) {
      template("key " + i).store(data);
    }
    assertThat(entries()).hasSize(8);
    assertThat(template("key 19").restore(folder.resolve("copy"))).isTrue();
  }

  @Test
  void keepsNoMoreBytesThanTheLimit() throws IOException {
    template("two").store(data);
    template("three").store(data);
    // each has 300,005 bytes and a manifest
    cache.removeUnused("prepared-", 8, 700_000, Duration.ZERO);
    assertThat(entries()).hasSize(2);
    cache.removeUnused("prepared-", 8, 100_000, Duration.ZERO);
    assertThat(entries()).isEmpty();
  }

  @Test
  void storesNoTemplateAboveTheSizeLimit() throws IOException {
    try (var large = new RandomAccessFile(data.resolve("large").toFile(), "rw")) {
      // uses no space
      large.setLength((1L << 30) + 1);
    }
    template("two").store(data);
    assertThat(entries()).hasSize(1);
    assertThat(template("two").restore(folder.resolve("copy"))).isFalse();
  }

  @Test
  void survivesAFailureToStore() throws IOException {
    // a link cannot be part of a data directory
    Files.createSymbolicLink(data.resolve("link"), data);
    template("two").store(data);
    assertThat(template("two").restore(folder.resolve("copy"))).isFalse();
    assertThat(entries()).hasSize(1);
    try (Stream<Path> all = Files.list(cache.path(""))) {
      assertThat(all.map(each -> each.getFileName().toString()))
          .noneMatch(name -> name.startsWith(".new-"));
    }
  }

  @Test
  void locksATemplateUntilItIsClosed() throws IOException {
    try (Closeable first = cache.lock("preparing-1", Duration.ZERO);
        Closeable other = cache.lock("preparing-2", Duration.ZERO)) {
      assertThat(first).isNotNull();
      assertThat(other).isNotNull();
      assertThat(cache.lock("preparing-1", Duration.ofMillis(50))).isNull();
    }
    try (Closeable again = cache.lock("preparing-1", Duration.ZERO)) {
      assertThat(again).isNotNull();
    }
  }
}
