// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Result;
import io.pghello.benchmarks.peers.ContainerPeer;
import io.pghello.benchmarks.peers.PgCtlServer;
import io.pghello.benchmarks.peers.Postmaster;
import io.pghello.extension.testkit.ExtensionServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
@Timeout(300)
class StartBenchmarkIT {
  @Tag("long")
  @Test
  void measuresAllThatCanBeRunAndLeavesNothing() throws Exception {
    Set<Path> folders;
    List<String> rows = new ArrayList<>();
    List<String> notRun;
    try (var benchmark = new StartBenchmark(true)) {
      folders = benchmark.directories();
      notRun = benchmark.notRun();
      for (Comparison comparison : benchmark.comparisons()) {
        Result result = Once.measure(comparison);
        rows.add(result.row().name() + ", " + result.row().peer());
      }
      assertThat(serversIn(folders)).as("the running server, which prepares databases").hasSize(1);
    }
    assertThat(rows).doesNotHaveDuplicates();
    boolean containers = notRun.stream().noneMatch(reason -> reason.startsWith("Testcontainers"));
    List<String> extensions = new ArrayList<>(List.of("pgvector", "PostGIS"));
    extensions.removeIf(name -> notRun.stream().anyMatch(reason -> reason.startsWith(name)));
    assertThat(rows)
        .filteredOn(row -> row.contains("Testcontainers"))
        .hasSize(containers ? 2 + extensions.size() : 0);
    for (String extension : extensions) {
      assertThat(rows).filteredOn(row -> row.contains(extension)).hasSize(containers ? 4 : 3);
    }
    assertThat(notRun)
        .allMatch(
            reason ->
                reason.matches("(Testcontainers|server of 19|pgvector|PostGIS): not run: .*"));
    assertThat(folders).allMatch(Files::notExists);
    assertThat(serversIn(folders)).isEmpty();
  }

  @Test
  void aRecipeIsMeasuredOnlyIfItsJarHasFilesForTheServer() throws Exception {
    assertThat(SampleExtension.hasRecipe("acme_recipe", 17)).isTrue();
    assertThat(SampleExtension.hasRecipe("acme_recipe", 18)).isFalse();
    assertThat(SampleExtension.hasRecipe("acme_recipe", 1)).isFalse();
    assertThat(SampleExtension.hasRecipe("acme_missing", 17)).isFalse();
  }

  /** Returns the command lines of servers with data in one of these directories. */
  private static List<String> serversIn(Set<Path> folders) {
    return ProcessHandle.allProcesses()
        .flatMap(process -> process.info().commandLine().stream())
        .filter(line -> line.contains("bin/postgres") && line.contains(" -D "))
        .filter(line -> folders.stream().anyMatch(folder -> line.contains(folder.toString())))
        .toList();
  }

  @Test
  void serverByHandHasTheExtensionAndDefaultSettings(@TempDir Path folder) throws Exception {
    try (PgCtlServer server = byHand(folder, false);
        Connection connection = server.connect()) {
      assertThat(PgCtlServer.greet(connection)).isEqualTo("Hello, Ada!");
      assertThat(ask(connection, "SELECT extname FROM pg_extension WHERE extname LIKE 'pg_%'"))
          .isEqualTo("pg_hello");
      assertThat(ask(connection, "SHOW fsync")).isEqualTo("on");
      assertThat(ask(connection, "SHOW full_page_writes")).isEqualTo("on");
      assertThat(ask(connection, "SHOW data_directory")).startsWith(folder.toString());
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void theTunedOneHasNothingThatIsForDurability(@TempDir Path folder) throws Exception {
    try (PgCtlServer server = byHand(folder, true);
        Connection connection = server.connect()) {
      assertThat(ask(connection, "SHOW fsync")).isEqualTo("off");
      assertThat(ask(connection, "SHOW synchronous_commit")).isEqualTo("off");
      assertThat(ask(connection, "SHOW full_page_writes")).isEqualTo("off");
      assertThat(ask(connection, "SHOW checkpoint_timeout")).isEqualTo("1h");
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aServerByHandThatDoesNotStartLeavesNothing(@TempDir Path folder) throws Exception {
    Path programs = Files.createDirectory(folder.resolve("programs"));
    Path data = Files.createDirectory(folder.resolve("data"));
    Files.copy(
        Path.of("/bin/false"), programs.resolve("initdb"), StandardCopyOption.COPY_ATTRIBUTES);
    assertThatThrownBy(() -> PgCtlServer.start(programs, data, true))
        .hasMessageContainingAll("initdb", "failed");
    assertThat(data).isEmptyDirectory();
  }

  @Test
  void aServerThatWasNotStoppedIsFoundAndEnded(@TempDir Path folder) throws Exception {
    Postmaster postmaster;
    try (PgCtlServer server = byHand(folder, true)) {
      try (Connection connection = server.connect()) {
        postmaster = Postmaster.of(connection);
      }
      assertThat(postmaster.process().isAlive()).isTrue();
      Postmaster.endAll(folder);
      assertThat(postmaster.process().isAlive()).isFalse();
      assertThatThrownBy(postmaster::requireGone).hasMessageContaining("its data still exists");
    }
    postmaster.requireGone();
  }

  @Test
  void reportsTheReasonIfAnImageCannotRun() throws IOException {
    assertThat(ContainerPeer.obstacle("nobody/has-this:1"))
        .containsAnyOf("no container engine answers", "has no image nobody/has-this:1");
  }

  private static PgCtlServer byHand(Path folder, boolean tuned) throws IOException {
    try (ExtensionServer server = ExtensionServer.start("pg_hello")) {
      return PgCtlServer.start(server.programDirectory(), folder, tuned);
    }
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }
}
