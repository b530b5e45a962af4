// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.Preflight;
import java.sql.SQLException;
import java.util.Objects;
import java.util.stream.Collectors;

/** Queries the server's clock and version, and the installation of the extension. */
final class ServerCalls {
  // the milliseconds from 1970 to 2000; other builds of the extension use 2000 as their epoch
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;
  private static final long DAY_MILLIS = 86_400_000L;

  private ServerCalls() {}

  /**
   * Returns the server's time. Throws if the extension counts the milliseconds from another epoch.
   */
  static long nowMillis(FunctionSession session) throws SQLException {
    long millis = session.call(Function.NOW_MS, row -> row.getLong(2));
    if (Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
      Installation found = session.preflight().installation();
      throw error(
          Preflight.problem(
              ExtensionProblem.foreignBuild(Function.EXTENSION, found.database(), found.schema())));
    }
    return millis;
  }

  /** Returns the server's version. */
  static String spiVersion(FunctionSession session) throws SQLException {
    return session.call(Function.SPI_VERSION, row -> row.getString(2));
  }

  /**
   * Returns the versions of the server and the extension.
   *
   * @param repeat the default number of repetitions; 0 for the session's setting
   */
  static PgHelloInfo info(FunctionSession session, int repeat) throws SQLException {
    // this call loads the library, which defines the setting
    PgHelloRequest empty = PgHelloRequest.of("");
    String greeting =
        session.call(
            Function.HELLO,
            empty,
            PgHelloMapper.INSTANCE::bind,
            row -> row.getString(Function.HELLO.column()));
    if (!empty.isAnsweredBy(greeting)) {
      throw session.mismatch();
    }
    Preflight found = session.preflight();
    found
        .problemFor(Function.HELLO)
        .ifPresent(
            problem -> {
              throw error(problem);
            });
    Installation installation = found.installation();
    return new PgHelloInfo(
        installation.serverVersion(),
        Objects.requireNonNull(installation.version()),
        Objects.requireNonNull(installation.schema()),
        repeat == PgHelloRequest.SESSION_DEFAULT
            ? PgHelloRequest.countOfEmptyName(greeting)
            : repeat,
        installation.functions().stream()
            .map(ExtensionFunction::signature)
            .collect(Collectors.toUnmodifiableSet()));
  }

  private static FunctionCallException error(CallProblem problem) {
    return new FunctionCallException(problem, null, null);
  }
}
