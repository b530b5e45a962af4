// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of Flyway's templates. */
class FlywayMigrationsTest {
  private static final class Migrations extends FlywayMigrations {
    Migrations(Map<String, String> properties) {
      super(properties);
    }
  }

  @TempDir private Path folder;

  @BeforeEach
  void writeMigrations() throws IOException {
    Files.createDirectories(folder.resolve("deep"));
    Files.writeString(folder.resolve("V1__one.sql"), "CREATE TABLE one ();");
    Files.writeString(folder.resolve("deep/V2__two.sql"), "CREATE TABLE two ();");
  }

  private Optional<String> key(Object... properties) {
    return keyOf("filesystem:" + folder, properties);
  }

  private static Optional<String> keyOf(String locations, Object... properties) {
    var all = new HashMap<String, String>();
    all.put("flyway.locations", locations);
    for (int i = 0; i < properties.length; i += 2) {
      all.put((String) properties[i], (String) properties[i + 1]);
    }
    return new Migrations(all).cacheKey();
  }

  @Test
  void isEqualForEqualFiles() {
    assertThat(key()).isPresent().isEqualTo(key());
  }

  @Test
  void changesWithAFile() throws IOException {
    Optional<String> before = key();
    Files.writeString(folder.resolve("deep/V2__two.sql"), "CREATE TABLE TWO ();");
    Optional<String> changed = key();
    assertThat(changed).isPresent().isNotEqualTo(before);
    Files.writeString(folder.resolve("V3__three.sql"), "");
    Optional<String> added = key();
    assertThat(added).isPresent().isNotEqualTo(changed);
    Files.move(folder.resolve("V3__three.sql"), folder.resolve("V4__three.sql"));
    Optional<String> renamed = key();
    assertThat(renamed).isPresent().isNotEqualTo(added);
    // a callback, and the configuration of a script
    Files.writeString(folder.resolve("afterMigrate.sql"), "ANALYZE");
    Optional<String> callback = key();
    assertThat(callback).isPresent().isNotEqualTo(renamed);
    Files.writeString(folder.resolve("V1__one.sql.conf"), "executeInTransaction=false");
    assertThat(key()).isPresent().isNotEqualTo(callback);
  }

  @Test
  void changesIfContentMovesBetweenFiles() throws IOException {
    Files.writeString(folder.resolve("V1__one.sql"), "ab");
    Files.writeString(folder.resolve("deep/V2__two.sql"), "c");
    Optional<String> before = key();
    Files.writeString(folder.resolve("V1__one.sql"), "a");
    Files.writeString(folder.resolve("deep/V2__two.sql"), "bc");
    assertThat(key()).isNotEqualTo(before);
  }

  @Test
  void changesWithAProperty() {
    assertThat(key("flyway.placeholders.tenant", "a"))
        .isPresent()
        .isNotEqualTo(key("flyway.placeholders.tenant", "b"))
        .isNotEqualTo(key());
    assertThat(key("flyway.schemas", "a")).isPresent().isNotEqualTo(key("flyway.table", "a"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "flyway.callbacks",
        "flyway.resolvers",
        "flyway.javaMigrationClassProvider",
        "flyway.configFiles",
        "flyway.url",
        "flyway.unknown"
      })
  void isEmptyWithAPropertyThatNamesOtherInputs(String property) {
    assertThat(key(property, "x")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3:bucket",
        "gcs:bucket",
        "filesystem:/nothing/is/here",
        "classpath:nothing/is/here",
        "classpath:db/*/migration",
        "filesystem:/tmp/m?",
        ""
      })
  void isEmptyForALocationThatCannotBeRead(String location) {
    assertThat(keyOf(location)).isEmpty();
    assertThat(keyOf("filesystem:" + folder + "," + location)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"${flyway:timestamp}", "${flyway:workingDirectory}"})
  void isEmptyForPlaceholdersOfTheEnvironment(String placeholder) throws IOException {
    Files.writeString(folder.resolve("V3__three.sql"), "SELECT '" + placeholder + "'");
    assertThat(key()).isEmpty();
  }

  @Test
  void isEmptyForMigrationsInJava() throws IOException {
    Files.write(folder.resolve("V3__Three.class"), new byte[] {1});
    assertThat(key()).isEmpty();
  }

  @Test
  void isEmptyForLinkedDirectories(@TempDir Path elsewhere) throws IOException {
    Files.createSymbolicLink(folder.resolve("linked"), elsewhere);
    assertThat(key()).isEmpty();
  }

  @Test
  void coversJarsOnTheClassPath(@TempDir Path jars) throws IOException {
    Path jar = jars.resolve("migrations.jar");
    Optional<String> one = keyInJar(jar, "CREATE TABLE one ();");
    assertThat(one).isPresent().isEqualTo(keyInJar(jar, "CREATE TABLE one ();"));
    assertThat(keyInJar(jar, "CREATE TABLE ONE ();")).isPresent().isNotEqualTo(one);
  }

  private static Optional<String> keyInJar(Path jar, String sql) throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      out.putNextEntry(new JarEntry("in_jar/"));
      out.putNextEntry(new JarEntry("in_jar/V1__one.sql"));
      out.write(sql.getBytes(StandardCharsets.UTF_8));
    }
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      return keyOf("classpath:in_jar");
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void hasEqualInstances() {
    var one = new Migrations(Map.of("flyway.schemas", "a"));
    assertThat(one)
        .isEqualTo(new Migrations(Map.of("flyway.schemas", "a")))
        .hasSameHashCodeAs(new Migrations(Map.of("flyway.schemas", "a")))
        .isNotEqualTo(new Migrations(Map.of()));
    assertThat(new FlywayMigrations()).isEqualTo(new FlywayMigrations()).isNotEqualTo(one);
  }
}
