// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.abortedWithReason;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Tests that select a major version. */
class MajorIT {
  private static final String PROPERTY = "pg-extension.server";

  @ExtensionTest(extensions = "pg_trgm", major = 19)
  static class SimilarityTest {
    @Test
    void findsSimilarWords(Connection connection) throws SQLException {
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT 'PostgreSQL' % 'Postgres'")) {
        assertTrue(row.next() && row.getBoolean(1));
      }
    }
  }

  @ExtensionTest(extensions = "pg_hello", major = 19)
  static class GreetingTest {
    @Test
    void greets(ExtensionServer server, Connection connection) throws SQLException {
      assertEquals(19, server.major());
      try (Statement statement = connection.createStatement();
          ResultSet row = statement.executeQuery("SELECT pg_hello('Ada')")) {
        assertTrue(row.next());
        assertEquals("Hello, Ada!", row.getString(1));
      }
    }
  }

  @ExtensionTest(major = 99)
  static class UnknownTest {
    @Test
    void runs() {
      // the class is aborted or fails
    }
  }

  @AfterEach
  void forgetTheServer() {
    System.clearProperty(PROPERTY);
  }

  private static EngineExecutionResults run(Class<?> test) {
    return EngineTestKit.engine("junit-jupiter").selectors(selectClass(test)).execute();
  }

  private static void failsWithoutServer(Class<?> test, int major) {
    run(test)
        .containerEvents()
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    message(
                        reason ->
                            reason.startsWith(
                                "There is no embedded PostgreSQL "
                                    + major
                                    + " for this machine (")))));
  }

  /** Whether there is a server depends on the machine and on pg-extension.debian-servers. */
  @ParameterizedTest
  @ValueSource(classes = {SimilarityTest.class, GreetingTest.class})
  void runsOnTheVersionOrReportsThatItIsMissing(Class<?> test) {
    boolean exists = true;
    try {
      assertThat(ExtensionServer.builder().server("embedded:19").findMajor()).isEqualTo(19);
    } catch (IllegalStateException e) {
      exists = false;
    }
    if (exists) {
      run(test).testEvents().assertStatistics(events -> events.succeeded(1).failed(0));
    } else {
      failsWithoutServer(test, 19);
    }
  }

  /** A server that the program selects cannot be a container. */
  @Test
  void reportsThatAVersionIsMissing() {
    ExtensionServer.Builder builder = ExtensionServer.builder().server("embedded:99");
    assertThatThrownBy(builder::findMajor)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("There is no embedded PostgreSQL 99 for this machine (")
        .hasMessageEndingWith("or an installed server (local:99).");
    assertThatThrownBy(() -> builder.server("container:postgres:17"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "the server is \"container:postgres:17\"; use"
                + " embedded, embedded:MAJOR, local, local:MAJOR or local:PATH of a pg_config");
  }

  @Test
  void startsTheServerThatTheProgramSelects() {
    ExtensionServer.Builder builder = ExtensionServer.builder();
    int major = builder.findMajor();
    System.setProperty(PROPERTY, "embedded:98");
    assertThatThrownBy(builder::findMajor).hasMessageStartingWith("There is no embedded");
    try (ExtensionServer server = builder.server("embedded:" + major).start()) {
      assertThat(server.major()).isEqualTo(builder.findMajor()).isEqualTo(major);
      assertThat(server.version()).matches(major + "(\\.\\d+|beta\\d+|rc\\d+)");
      assertThat(server.programDirectory()).isDirectoryContaining("glob:**/pg_ctl*");
      assertThat(server.libraryDirectory()).isDirectoryContaining("glob:**/plpgsql.*");
    }
  }

  @Test
  void precedesTheVersionInTheProperty() {
    System.setProperty(PROPERTY, "embedded:98");
    failsWithoutServer(UnknownTest.class, 99);
  }

  @Test
  void abortsOnARunningServerWithAnotherVersion() {
    try (ExtensionServer server = ExtensionServer.builder().start()) {
      System.setProperty(
          PROPERTY,
          "jdbc:postgresql://127.0.0.1:%d/postgres?user=postgres&password=%s"
              .formatted(server.port(), server.password()));
      run(UnknownTest.class)
          .containerEvents()
          .assertThatEvents()
          .haveExactly(
              1,
              event(
                  abortedWithReason(
                      message(
                          "needs PostgreSQL 99, but the tests run against an existing server with PostgreSQL "
                              + server.major()))));
    }
  }
}
