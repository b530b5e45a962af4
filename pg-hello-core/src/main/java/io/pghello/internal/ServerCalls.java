// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloInfo;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.installation.Preflight;
import io.pghello.extension.batching.internal.jdbc.Session;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Queries the server's clock and version, and the installation of the extension. */
public final class ServerCalls {
  // the milliseconds from 1970 to 2000; other builds of the extension use 2000 as their epoch
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;
  private static final long DAY_MILLIS = 86_400_000L;

  private ServerCalls() {}

  /**
   * Returns the server's time. Throws if the extension counts the milliseconds from another epoch.
   */
  public static long nowMillis(Session session) throws SQLException {
    long millis = session.call(Function.NOW_MS, row -> row.getLong(2));
    if (Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
      Installation found = session.look().installation();
      throw Errors.of(
          Preflight.problem(
              ExtensionProblem.foreignBuild(Function.EXTENSION, found.database(), found.schema())));
    }
    return millis;
  }

  /** Returns the server's version. */
  public static String spiVersion(Session session) throws SQLException {
    return session.call(Function.SPI_VERSION, row -> row.getString(2));
  }

  /**
   * Checks the installation of the extension once, on a connection from a source, without a client.
   *
   * @param schema the quoted schema of the extension; null for any schema
   */
  public static HelloPreflight preflight(
      ConnectionSource source, @Nullable String schema, Duration timeout) {
    var executor =
        new StatementExecutor(
            source, Settings.Statements.withoutClient(schema, timeout), HelloErrors.FUNCTIONS);
    return HelloPreflight.of(
        executor.run(StatementContext.single(Deadline.after(timeout)), Session::look));
  }

  /**
   * Returns the versions of the server and the extension.
   *
   * @param repeat the default number of repetitions; 0 for the session's setting
   */
  public static PgHelloInfo info(Session session, int repeat) throws SQLException {
    // this call loads the library, which defines the setting
    String greeting =
        HelloStatements.one(session, HelloRequest.of("", HelloRequest.SESSION_DEFAULT));
    Installation installation = session.lookFor(Function.HELLO).installation();
    return new PgHelloInfo(
        installation.serverVersion(),
        Objects.requireNonNull(installation.version()),
        Objects.requireNonNull(installation.schema()),
        repeat == HelloRequest.SESSION_DEFAULT ? HelloRequest.countOfEmptyName(greeting) : repeat,
        installation.functions().stream()
            .map(ExtensionFunction::signature)
            .collect(Collectors.toUnmodifiableSet()));
  }
}
