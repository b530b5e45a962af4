// SPDX-License-Identifier: MIT
package io.pghello.cli;

import io.pghello.cli.output.Failure;
import io.pghello.cli.system.Programs;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Runs the program in a separate JVM with a separate environment. */
public record Run(int status, String out, String err) {
  public static Run pghello(Map<String, String> environment, String... arguments) {
    return start(environment, arguments).end();
  }

  /** A run in progress. */
  public record Running(
      Process process, StringWriter soFar, FutureTask<String> out, FutureTask<String> err) {
    /** Returns the output so far. */
    public String printed() {
      return soFar.toString();
    }

    public Run end() {
      try {
        if (!process.waitFor(3, TimeUnit.MINUTES)) {
          process.destroyForcibly();
          throw new AssertionError("does not end; has printed " + soFar);
        }
        return new Run(process.exitValue(), out.get(), err.get());
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }

    /** Terminates the run like {@code kill}. */
    public Run interrupt() {
      // Process.destroy() would close its output.
      process.toHandle().destroy();
      return end();
    }
  }

  public static Running start(Map<String, String> environment, String... arguments) {
    return start(environment, command(arguments));
  }

  /** Returns the command line of the program. */
  public static List<String> command(String... arguments) {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Pghello.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  public static Running start(Map<String, String> environment, List<String> command) {
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().putAll(environment);
    try {
      Process process = builder.start();
      var soFar = new StringWriter();
      // Not in the common pool, which a test may keep busy.
      var out = new FutureTask<>(() -> read(process.getInputStream(), soFar));
      var err = new FutureTask<>(() -> read(process.getErrorStream(), new StringWriter()));
      new Thread(out).start();
      new Thread(err).start();
      return new Running(process, soFar, out, err);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String read(InputStream stream, StringWriter soFar) {
    char[] some = new char[8192];
    try (var reader = new InputStreamReader(stream, StandardCharsets.UTF_8)) {
      int length;
      while ((length = reader.read(some)) >= 0) {
        soFar.write(some, 0, length);
      }
      return soFar.toString();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  public static Map<String, String> environment(ExtensionServer server, TestDatabase database) {
    return new HashMap<>(
        Map.of(
            "PGHOST", "127.0.0.1",
            "PGPORT", String.valueOf(server.port()),
            "PGUSER", "app",
            "PGDATABASE", database.name(),
            "PGPASSWORD", server.password()));
  }

  /** Returns whether this machine has programs that can dump databases of a server. */
  public static boolean hasClient(ExtensionServer server) {
    return isThere(() -> Programs.forServer(server.major(), null));
  }

  /** Returns whether this machine has programs that can start a server of this version. */
  public static boolean hasServer(ExtensionServer server) {
    return isThere(() -> Programs.ofServer(server.major(), null));
  }

  private static boolean isThere(Supplier<Programs> programs) {
    try {
      return programs.get() != null;
    } catch (Failure e) {
      return false;
    }
  }

  /** Waits for a condition, or fails. */
  public static void await(String what, Condition condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!condition.isTrue()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("waited in vain: " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** A condition to wait for. */
  public interface Condition {
    boolean isTrue() throws Exception;
  }

  public static void execute(Connection connection, String... statements) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  public static String value(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  /** Returns the values at a path, evaluated by the server, which rejects invalid JSON. */
  public static String json(Connection connection, String text, String path) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            "SELECT jsonb_path_query_first(?::jsonb, ?::jsonpath) #>> '{}'")) {
      statement.setString(1, text);
      statement.setString(2, path);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getString(1);
      }
    }
  }
}
