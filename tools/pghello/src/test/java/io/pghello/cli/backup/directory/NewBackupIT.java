// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.Run;
import io.pghello.cli.output.Failure;
import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** File names of the extension as returned by a possibly hostile server. */
@PgHelloTest(create = false)
class NewBackupIT {
  private static final List<String> ANSWERS =
      List.of(
          "CREATE SCHEMA answers",
          "CREATE FUNCTION answers.pg_ls_dir(text, boolean, boolean) RETURNS SETOF text LANGUAGE sql AS"
              + " 'SELECT unnest(ARRAY[''pg_hello.control'', ''pg_hello.so'', current_setting(''answers.name'')])'",
          "CREATE FUNCTION answers.pg_read_binary_file(text) RETURNS bytea LANGUAGE sql AS"
              + " 'SELECT ''planted''::bytea'",
          "CREATE FUNCTION answers.matches(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
          "CREATE OPERATOR answers.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = answers.matches)",
          "SET search_path = answers, pg_catalog");

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../planted",
        "../planted.sql",
        "../pg_hello.control",
        "/planted/pg_hello--1.0.sql",
        "pg_hello--/../../../planted.sql",
        "pg_hello--1.0.sql/../../planted",
        "sub/pg_hello--1.0.sql",
        "pg_hello--1.0\n.sql",
        "pg_hello.so.1",
        "other.control",
        "pg_hello--..\\..\\planted.sql",
        "pg_hello--ü.sql",
        "pg_hello--1.0.sql\r",
        "pg_hello--1.0 .sql",
        "pg_hello--1.0.sql/",
        "pg_hello--1.0.sql:stream",
        "pg_hello--$(id).sql",
        "pg_hello--1.0.SQL",
        "PG_HELLO.control",
        " pg_hello.control",
        "pg_hello.control ",
        "pg_hello..control",
        "pg_hello_ops.so",
        "pg_hello_other--1.0.sql",
        "x\npg_hello.so",
        "..",
        ".",
        ""
      })
  void rejectsFileNamesThatArePaths(String name, @Superuser Connection superuser) throws Exception {
    Path deep = Files.createDirectories(folder.resolve("one/two/three"));
    answer(superuser, name);
    assertThatThrownBy(() -> NewBackup.copyFiles(superuser, deep.resolve("extension")))
        .isInstanceOf(Failure.class)
        .hasMessageContaining(
            "the server returned a file name that does not belong to the extension");
    try (var paths = Files.walk(folder)) {
      assertThat(paths.filter(Files::isRegularFile))
          .allMatch(path -> path.startsWith(deep.resolve("extension")))
          .allMatch(path -> path.getFileName().toString().matches("pg_hello\\.(control|so)"));
    }
  }

  /** The number of files is limited, even if all of their names are valid. */
  @Test
  void aServerCannotFillTheDisk(@Superuser Connection superuser) throws Exception {
    answer(superuser, "pg_hello--1.0.sql");
    Run.execute(
        superuser,
        "CREATE OR REPLACE FUNCTION answers.pg_ls_dir(text, boolean, boolean) RETURNS SETOF text LANGUAGE sql AS"
            + " 'SELECT format(''pg_hello--%s.sql'', i) FROM generate_series(1, 1001) i'");
    assertThatThrownBy(() -> NewBackup.copyFiles(superuser, folder.resolve("extension")))
        .isInstanceOf(Failure.class)
        .hasMessageContaining(
            "the server returned a file name that does not belong to the extension");
  }

  @Test
  void acceptsExtensionFileNames(@Superuser Connection superuser) throws Exception {
    answer(superuser, "pg_hello_ops--1.0--1.1_rc-2+b~c.sql");
    NewBackup.copyFiles(superuser, folder.resolve("extension"));
    assertThat(folder.resolve("extension/pg_hello_ops--1.0--1.1_rc-2+b~c.sql"))
        .hasContent("planted");
  }

  /** The files of the other extension are not sufficient. */
  @ParameterizedTest
  @CsvSource({
    "pg_hello_ops.control, pg_hello.so, control file",
    "pg_hello.control, pg_hello--1.0.sql, library"
  })
  void requiresTheControlFileAndTheLibrary(
      String one, String other, String missing, @Superuser Connection superuser) throws Exception {
    answer(superuser, other);
    Run.execute(
        superuser,
        "CREATE OR REPLACE FUNCTION answers.pg_ls_dir(text, boolean, boolean) RETURNS SETOF text LANGUAGE sql AS"
            + " 'SELECT unnest(ARRAY[''%s'', ''%s''])'".formatted(one, other));
    assertThatThrownBy(() -> NewBackup.copyFiles(superuser, folder.resolve("extension")))
        .isInstanceOf(Failure.class)
        .hasMessageStartingWith(
            "the extension's " + missing + " is not in the server's search path");
  }

  private static void answer(Connection superuser, String name) throws SQLException {
    Run.execute(superuser, ANSWERS.toArray(String[]::new));
    Run.execute(superuser, "SET answers.name = '" + name + "'");
  }
}
