// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.cli.backup.directory.Backup;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Databases with all kinds of objects are restored with the same result as by pg_restore. */
class GeneratedDatabasesIT {
  // The kind of large objects depends on the major version.
  private static final List<String> KINDS =
      List.of(
          "ACCESS METHOD",
          "ACL COLUMN",
          "ACL DATABASE",
          "ACL FOREIGN",
          "ACL FUNCTION",
          "ACL LANGUAGE",
          "ACL LARGE",
          "ACL PROCEDURE",
          "ACL SCHEMA",
          "ACL SEQUENCE",
          "ACL TABLE",
          "ACL TYPE",
          "AGGREGATE",
          "BLOBS",
          "CAST",
          "CHECK CONSTRAINT",
          "COLLATION",
          "COMMENT ACCESS",
          "COMMENT AGGREGATE",
          "COMMENT CAST",
          "COMMENT COLLATION",
          "COMMENT COLUMN",
          "COMMENT CONSTRAINT",
          "COMMENT CONVERSION",
          "COMMENT DATABASE",
          "COMMENT DOMAIN",
          "COMMENT EVENT",
          "COMMENT EXTENSION",
          "COMMENT FOREIGN",
          "COMMENT FUNCTION",
          "COMMENT INDEX",
          "COMMENT LANGUAGE",
          "COMMENT LARGE",
          "COMMENT MATERIALIZED",
          "COMMENT OPERATOR",
          "COMMENT POLICY",
          "COMMENT PROCEDURE",
          "COMMENT PUBLICATION",
          "COMMENT RULE",
          "COMMENT SCHEMA",
          "COMMENT SEQUENCE",
          "COMMENT SERVER",
          "COMMENT STATISTICS",
          "COMMENT SUBSCRIPTION",
          "COMMENT TABLE",
          "COMMENT TEXT",
          "COMMENT TRANSFORM",
          "COMMENT TRIGGER",
          "COMMENT TYPE",
          "COMMENT VIEW",
          "CONSTRAINT",
          "CONVERSION",
          "DATABASE",
          "DATABASE PROPERTIES",
          "DEFAULT",
          "DEFAULT ACL",
          "DOMAIN",
          "ENCODING",
          "EVENT TRIGGER",
          "EXTENSION",
          "FK CONSTRAINT",
          "FOREIGN DATA WRAPPER",
          "FOREIGN TABLE",
          "FUNCTION",
          "INDEX",
          "INDEX ATTACH",
          "MATERIALIZED VIEW",
          "MATERIALIZED VIEW DATA",
          "OPERATOR",
          "OPERATOR CLASS",
          "OPERATOR FAMILY",
          "POLICY",
          "PROCEDURAL LANGUAGE",
          "PROCEDURE",
          "PUBLICATION",
          "PUBLICATION TABLE",
          "PUBLICATION TABLES IN SCHEMA",
          "ROW SECURITY",
          "RULE",
          "SCHEMA",
          "SEARCHPATH",
          "SEQUENCE",
          "SEQUENCE OWNED BY",
          "SEQUENCE SET",
          "SERVER",
          "SHELL TYPE",
          "STATISTICS",
          "STDSTRINGS",
          "SUBSCRIPTION",
          "TABLE",
          "TABLE ATTACH",
          "TABLE DATA",
          "TEXT SEARCH CONFIGURATION",
          "TEXT SEARCH DICTIONARY",
          "TEXT SEARCH PARSER",
          "TEXT SEARCH TEMPLATE",
          "TRANSFORM",
          "TRIGGER",
          "TYPE",
          "USER MAPPING",
          "VIEW");

  private static RestoreFixture server;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    server = new RestoreFixture();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void restoresSameObjectsAsPgRestore(long seed) throws Exception {
    restore(seed);
  }

  static Stream<Long> seeds() {
    return Stream.iterate(3L, seed -> seed + 1).limit(30);
  }

  @Tag("long")
  @ParameterizedTest
  @MethodSource("seeds")
  void restoresSameObjectsAsPgRestoreForManyDatabases(long seed) throws Exception {
    restore(seed);
  }

  private void restore(long seed) throws Exception {
    boolean ownersCreate = seed % 2 == 0;
    String database = "größe; it's 50% of " + seed;
    server.dropAll();
    server.execute("maintenance", "CREATE DATABASE \"" + database + "\"");
    create(seed, ownersCreate, database);
    Path backup = server.backup(folder, database);
    assertThat(kinds(DumpFile.entries(Backup.dump(backup, database), server.major())))
        .containsAll(KINDS);

    server.drop(database);
    Run plain = server.plain(backup, database, "--create", "--dbname=maintenance");
    assertThat(plain.status()).as(plain.err()).isZero();
    List<String> expected = parts(server.dump(database, "--create"));
    server.drop(database);

    Run restore = server.pghello("restore", "--from", folder.toString(), database);
    if (!ownersCreate) {
      assertThat(restore.status()).isEqualTo(2);
      assertThat(restore.err()).contains("--trust-owners");
      restore = server.pghello("restore", "--from", folder.toString(), "--trust-owners", database);
    }
    assertThat(restore.status()).as(restore.err()).isZero();
    assertThat(parts(server.dump(database, "--create"))).isEqualTo(expected);
    if (server.hasServer()) {
      Run verify = server.verify(folder, backup, database);
      assertThat(verify.status()).as(verify.out() + verify.err()).isZero();
    }
  }

  private static void create(long seed, boolean ownersCreate, String database) throws SQLException {
    try (Connection connection = server.connect(database);
        Statement statement = connection.createStatement()) {
      for (String sql :
          GeneratedDatabase.statements(seed, server.major(), ownersCreate, database)) {
        try {
          statement.execute(sql);
        } catch (SQLException e) {
          throw new AssertionError(sql, e);
        }
      }
    }
  }

  /** Returns the kinds of entries, with the annotated kinds for comments and the like. */
  private static Set<String> kinds(List<DumpEntry> entries) {
    var kinds = new TreeSet<String>();
    for (DumpEntry entry : entries) {
      kinds.add(
          entry.isAnnotation()
              ? entry.kind() + " " + entry.tag().replaceFirst("(?s) .*", "")
              : entry.kind());
    }
    return kinds;
  }

  /** Splits pg_dump's output, because its order depends on OIDs. */
  private static List<String> parts(String dump) {
    return Stream.of(dump.split("(?m)^--\n(?=-- (?:Data for )?Name: )", -1)).sorted().toList();
  }
}
