// SPDX-License-Identifier: MIT
package io.pghello.examples.mcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.examples.shared.DemoCommand;
import io.pghello.examples.shared.DemoCommand.Output;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs {@code ./dev demo mcp}. */
@Timeout(600)
class DemoIT {
  private static Output demo(String... args) {
    return DemoCommand.capture(Demo::run, args);
  }

  @BeforeAll
  static void needNode() {
    assumeTrue(Npm.has("node") && Npm.has("npm"), "no Node.js here");
  }

  @Test
  void ourServerLetsNothingThrough() {
    List<String> lines = attacked();
    assertThat(lines.get(0)).isEqualTo("Both log in as a role that may read one table.");
    assertThat(lines.get(1)).contains("pg-hello-mcp ", "postgres 0.1.0");
    assertThat(line(lines, "select name from users")).matches(".* answered +answered");
    assertThat(line(lines, "commit; insert"))
        .containsPattern("refused: POSTGRES_BAD_SQL +refused: permission denied");
    assertThat(line(lines, "commit; select lo_create"))
        .containsPattern("refused: POSTGRES_BAD_SQL +LET THROUGH: a large object");
    assertThat(line(lines, "select pg_terminate_backend")).matches(".*… +answered +answered");
  }

  @Test
  void ourServerLetsARoleThatMayWriteOnlyEndItsOwnSessions() {
    List<String> lines = attacked("--may-write");
    assertThat(line(lines, "commit; insert"))
        .containsPattern("refused: POSTGRES_BAD_SQL +LET THROUGH: rows");
    assertThat(line(lines, "select sign_up"))
        .containsPattern("refused: POSTGRES_NOT_ALLOWED +refused: cannot execute INSERT");
    assertThat(lines.stream().filter(line -> line.matches(".*LET THROUGH.*LET THROUGH.*")))
        .singleElement()
        .asString()
        .startsWith("select pg_terminate_backend");
  }

  private static List<String> attacked(String... args) {
    Output result = demo(args);
    assertThat(result.err()).isEmpty();
    assertThat(result.status()).as(result.out()).isZero();
    return result.out().lines().toList();
  }

  private static String line(List<String> lines, String start) {
    return lines.stream().filter(line -> line.startsWith(start)).findFirst().orElseThrow();
  }

  @Test
  void runsTheGivenAttacks() {
    assertThat(demo("select 1").out()).containsPattern("select 1 +answered +answered");
    assertThat(demo("--nonsense").status()).isEqualTo(2);
  }

  /** A missing sequence counts as damage, not as a bug in the demo. */
  @Test
  void continuesAfterTheSchemaIsDropped() {
    Output result = demo("--may-write", "commit; drop schema public cascade", "select 1 as a");
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).containsPattern("drop schema public cascade .*LET THROUGH: .*table");
    assertThat(result.out()).containsPattern("select 1 as a +answered +answered");
  }
}
