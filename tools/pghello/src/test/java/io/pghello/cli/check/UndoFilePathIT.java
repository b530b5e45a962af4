// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.Run;
import io.pghello.cli.connect.Target;
import io.pghello.cli.connect.TargetResolver;
import io.pghello.cli.output.Failure;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The path of the undo file, which includes identifiers returned by the server. */
@PgHelloTest(create = false)
class UndoFilePathIT {
  @ParameterizedTest
  @ValueSource(
      strings = {"../../planted-", "/planted-", "harden-1-2-/../planted", "harden--1-", ""})
  void rejectsPathInServerResponse(
      String answer, ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    Run.execute(
        superuser,
        "CREATE SCHEMA answers",
        "CREATE FUNCTION answers.format(text, bigint, oid) RETURNS text LANGUAGE sql AS $$SELECT '%s'$$"
            .formatted(answer),
        "SET search_path = answers, pg_catalog");
    assertThatThrownBy(() -> UndoFile.of(superuser, target(server, database)))
        .isInstanceOf(Failure.class)
        .hasMessageContaining("the server returned invalid identifiers");
  }

  @Test
  void usesServerIdentifiers(
      ExtensionServer server, TestDatabase database, @Superuser Connection superuser)
      throws SQLException {
    assertThat(UndoFile.of(superuser, target(server, database)).path().getFileName().toString())
        .startsWith(
            "harden-"
                + Run.value(superuser, "SELECT system_identifier FROM pg_control_system()")
                + "-");
  }

  private static Target target(ExtensionServer server, TestDatabase database) {
    return TargetResolver.find(
        Map.of(), Map.of(), Run.environment(server, database)::get, "nobody", 60);
  }
}
