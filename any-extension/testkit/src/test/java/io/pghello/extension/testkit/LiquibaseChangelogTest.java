// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The keys of Liquibase's templates. */
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class LiquibaseChangelogTest {
  private static final class Changelog extends LiquibaseChangelog {
    Changelog(Map<String, String> properties) {
      super(properties);
    }
  }

  @TempDir private Path folder;

  @BeforeEach
  void writeChangelog() throws IOException {
    write("db/main.yaml", "databaseChangeLog: [{include: {file: db/changes/one.sql}}]");
    write("db/changes/one.sql", "--liquibase formatted sql\n--changeset me:1\nCREATE TABLE one ()");
  }

  private void write(String name, String content) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private Optional<String> key(String... properties) {
    var all = new HashMap<String, String>();
    all.put("changelogFile", "db/main.yaml");
    all.put("searchPath", folder.toString());
    for (int i = 0; i < properties.length; i += 2) {
      all.put(properties[i], properties[i + 1]);
    }
    return new Changelog(all).cacheKey();
  }

  @Test
  void isEqualForEqualFiles() {
    assertThat(key()).isPresent().isEqualTo(key());
  }

  @Test
  void changesWithAFile() throws IOException {
    Optional<String> before = key();
    write("db/main.yaml", "databaseChangeLog: [{include: {file: db/changes/ONE.sql}}]");
    Optional<String> changed = key();
    assertThat(changed).isPresent().isNotEqualTo(before);
    write("db/changes/one.sql", "--liquibase formatted sql");
    Optional<String> included = key();
    assertThat(included).isPresent().isNotEqualTo(changed);
    // a row of loadData, and a parameter
    write("db/changes/rows.csv", "id\n1\n");
    Optional<String> rows = key();
    assertThat(rows).isPresent().isNotEqualTo(included);
    write("db/changes/values.properties", "tenant = a");
    Optional<String> values = key();
    assertThat(values).isPresent().isNotEqualTo(rows);
    Files.move(folder.resolve("db/changes/rows.csv"), folder.resolve("db/changes/rows2.csv"));
    assertThat(key()).isPresent().isNotEqualTo(values);
  }

  @Test
  void coversOnlyTheDirectoryOfTheChangelog() throws IOException {
    Optional<String> before = key();
    write("other/main.yaml", "");
    assertThat(key()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "contexts",
        "labelFilter",
        "parameter.tenant",
        "defaultSchemaName",
        "liquibaseSchemaName",
        "databaseChangelogTableName",
        "databaseChangelogLockTableName"
      })
  void changesWithAProperty(String property) {
    assertThat(key(property, "a")).isPresent().isNotEqualTo(key(property, "b")).isNotEqualTo(key());
  }

  /** Liquibase accepts other spellings. */
  @ParameterizedTest
  @ValueSource(strings = {"liquibase.duplicateFileMode", "LIQUIBASE-duplicate_file_mode"})
  void changesWithASettingOfLiquibase(String setting) {
    Optional<String> before = key();
    System.setProperty(setting, "WARN");
    try {
      assertThat(key()).isPresent().isNotEqualTo(before);
    } finally {
      System.clearProperty(setting);
    }
    assertThat(key()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "${user.home}",
        "${ USER.HOME }",
        "${PATH}",
        "${path}",
        "${a${tenant}}",
        "${LIQUIBASE_EXECUTION_DEPLOYMENT_ID}",
        "&#36;{tenant}",
        "\\u0024{tenant}"
      })
  void isEmptyForParametersOfTheEnvironment(String expression) throws IOException {
    write("db/changes/two.sql", "SELECT '" + expression + "'");
    assertThat(key()).isEmpty();
    Files.writeString(
        folder.resolve("db/changes/two.sql"), "SELECT '" + expression, StandardCharsets.UTF_16LE);
    assertThat(key()).isEmpty();
    Files.delete(folder.resolve("db/changes/two.sql"));
    assertThat(key("parameter.x", expression)).isEmpty();
  }

  @Test
  void isEmptyForCompressedFiles() throws IOException {
    write("db/changes/two.sql.GZ", "compressed parameters are not found");
    assertThat(key()).isEmpty();
  }

  @Test
  void isPresentForParametersOfTheChangelog() throws IOException {
    write("db/changes/two.sql", "SELECT '${tenant}', '${database.typeName}', '$1', '${'");
    assertThat(key("parameter.tenant", "a")).isPresent();
    System.setProperty("tenant", "b");
    try {
      assertThat(key("parameter.tenant", "a")).isEmpty();
    } finally {
      System.clearProperty("tenant");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<customChange class=\"com.example.Change\"/>",
        "- customChange: {class: com.example.Change}",
        "{\"executeCommand\": {\"executable\": \"date\"}}",
        "<changeLogPropertyDefined property=\"CI\"/>",
        "<customPrecondition className=\"com.example.Condition\"/>",
        "<includeAll path=\"x\" filter=\"com.example.Filter\"/>",
        "- includeAll: {path: x, filter: com.example.Filter}",
        "- includeAll: {path: x, resourceComparator: com.example.Order}",
        "--changeset me:2 runWith:psql",
        "<!DOCTYPE x [<!ENTITY y SYSTEM \"other.xml\">]>"
      })
  void isEmptyForClassesProgramsAndEntities(String content) throws IOException {
    write("db/changes/two.txt", content);
    assertThat(key()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"nothing/main.yaml", "../db/main.yaml", "db/*/main.yaml"})
  void isEmptyForADirectoryThatDoesNotExist(String changelog) {
    assertThat(key("changelogFile", changelog, "searchPath", "")).isEmpty();
    assertThat(key("searchPath", folder + ",/nothing/is/here")).isEmpty();
  }

  /** In the POSIX locale, such paths are invalid if they contain an umlaut. */
  @Test
  void isEmptyForInvalidPaths() {
    assertThat(key("changelogFile", "db/\0/main.yaml")).isEmpty();
    assertThat(key("searchPath", "\0")).isEmpty();
  }

  @Test
  void isEmptyForChangesInJava() throws IOException {
    write("db/changes/Change.class", "");
    assertThat(key()).isEmpty();
  }

  @Test
  void isEmptyForLinkedDirectories(@TempDir Path elsewhere) throws IOException {
    Files.createSymbolicLink(folder.resolve("db/linked"), elsewhere);
    assertThat(key()).isEmpty();
  }

  @Test
  void coversJarsOnTheClassPath(@TempDir Path jars) throws IOException {
    Path jar = jars.resolve("changes.jar");
    Optional<String> one = keyInJar(jar, "CREATE TABLE one ();");
    assertThat(one).isPresent().isEqualTo(keyInJar(jar, "CREATE TABLE one ();"));
    assertThat(keyInJar(jar, "CREATE TABLE ONE ();")).isPresent().isNotEqualTo(one);
  }

  private Optional<String> keyInJar(Path jar, String sql) throws IOException {
    writeJar(jar, "in_jar/", "", "in_jar/main.sql", sql);
    return keyWith(
        Thread.currentThread().getContextClassLoader(),
        jar,
        "changelogFile",
        "classpath:/in_jar/main.sql",
        "searchPath",
        "");
  }

  @Test
  void changesWithTheVersionOfLiquibase(@TempDir Path jars) throws IOException {
    Path one = jars.resolve("liquibase-core-5.0.0.jar");
    Path two = jars.resolve("liquibase-core-5.0.1.jar");
    writeJar(one, "liquibase/Liquibase.class", "");
    Files.copy(one, two);
    assertThat(keyWith(null, one))
        .isPresent()
        .isEqualTo(keyWith(null, one))
        .isNotEqualTo(keyWith(null, two));
  }

  @Test
  void isEmptyForExtensionsOfLiquibase(@TempDir Path jars) throws IOException {
    Path jar = jars.resolve("extension.jar");
    writeJar(jar, "META-INF/services/liquibase.change.Change", "com.example.Change");
    assertThat(keyWith(Thread.currentThread().getContextClassLoader(), jar)).isEmpty();
  }

  private static void writeJar(Path jar, String... entries) throws IOException {
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (int i = 0; i < entries.length; i += 2) {
        out.putNextEntry(new JarEntry(entries[i]));
        out.write(entries[i + 1].getBytes(StandardCharsets.UTF_8));
      }
    }
  }

  private Optional<String> keyWith(@Nullable ClassLoader parent, Path jar, String... properties)
      throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, parent)) {
      thread.setContextClassLoader(loader);
      return key(properties);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void rejectsUnknownProperties() {
    assertThatThrownBy(() -> new Changelog(Map.of("changeLogFile", "x")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("Unknown property changeLogFile", "changelogFile, searchPath");
  }

  @Test
  void hasEqualInstances() {
    var one = new Changelog(Map.of("contexts", "a"));
    assertThat(one)
        .isEqualTo(new Changelog(Map.of("contexts", "a")))
        .hasSameHashCodeAs(new Changelog(Map.of("contexts", "a")))
        .isNotEqualTo(new Changelog(Map.of()));
    assertThat(new LiquibaseChangelog()).isEqualTo(new LiquibaseChangelog()).isNotEqualTo(one);
  }
}
