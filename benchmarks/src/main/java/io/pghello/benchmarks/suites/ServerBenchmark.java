// SPDX-License-Identifier: MIT
package io.pghello.benchmarks.suites;

import io.pghello.benchmarks.harness.Address;
import io.pghello.benchmarks.harness.Benchmark;
import io.pghello.benchmarks.harness.CpuTime;
import io.pghello.benchmarks.harness.Environment;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** A benchmark with its own server and one database. Closes everything that it opens. */
abstract class ServerBenchmark implements Benchmark {
  final ExtensionServer server;
  final TestDatabase database;
  final Address address;

  /** The connection of a superuser. */
  final Connection connection;

  /** The server's main process ID, for measuring the CPU time. */
  final long serverPid;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  ServerBenchmark(ExtensionServer server) throws SQLException {
    this.server = closing(server);
    database = closing(server.createDatabase());
    address = Address.of(database.jdbcUrl());
    connection = closing(database.superuserDataSource().getConnection());
    serverPid = CpuTime.serverPid(connection);
  }

  /**
   * Registers a resource, and returns it. Resources are closed with the benchmark, in reverse
   * order.
   */
  final <T extends AutoCloseable> T closing(T resource) {
    opened.add(resource);
    return resource;
  }

  /** Throws unless a result is correct. */
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
