// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.testkit.PgHelloServer;
import io.pghello.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** A benchmark that has a server of its own with one database, and closes all that it opens. */
abstract class ServerBenchmark implements Benchmark {
  final PgHelloServer server;
  final TestDatabase database;
  final Address address;

  /** That of a superuser. */
  final Connection connection;

  /** The server's main process, whose CPU time is counted. */
  final long serverPid;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  ServerBenchmark(PgHelloServer server) throws SQLException {
    this.server = closing(server);
    database = closing(server.createDatabase());
    address = Address.of(database.jdbcUrl());
    connection = closing(database.superuserDataSource().getConnection());
    serverPid = CpuTime.serverPid(connection);
  }

  /** Closes this as well when the benchmark is closed, before what was opened earlier. */
  final <T extends AutoCloseable> T closing(T resource) {
    opened.add(resource);
    return resource;
  }

  /** Fails unless what was measured is right. */
  static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalStateException(otherwise);
    }
  }

  @Override
  public final Environment.Server server() throws SQLException {
    return Environment.Server.of(connection);
  }

  @Override
  public final void close() throws IOException {
    try (@Nullable AutoCloseable first = opened.poll()) {
      if (first != null) {
        close();
      }
    } catch (Exception e) {
      throw e instanceof IOException cause ? cause : new IOException(e);
    }
  }
}
