// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.PgHelloInfo;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.ExtensionProblem;
import io.pghello.extension.Installation;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.Preflight;
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
  public static long nowMillis(FunctionSession session) throws SQLException {
    long millis = session.call(Function.NOW_MS, row -> row.getLong(2));
    if (Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
      Installation found = session.preflight().installation();
      throw HelloErrors.of(
          ExtensionProblem.foreignBuild(Function.EXTENSION, found.database(), found.schema()));
    }
    return millis;
  }

  /** Returns the server's version. */
  public static String spiVersion(FunctionSession session) throws SQLException {
    return session.call(Function.SPI_VERSION, row -> row.getString(2));
  }

  /**
   * Checks the installation of the extension once, on a connection from a source.
   *
   * @param schema the schema of the extension, without quotes; null for any schema
   */
  public static HelloPreflight preflight(
      ConnectionSource source, @Nullable String schema, Duration timeout) {
    ClientBuilder<BatchedFunction<HelloRequest, String>> builder =
        BatchedFunction.builder(Function.EXTENSION, Function.HELLO_ALL, HelloMapper.INSTANCE)
            .connections(source)
            .callTimeout(timeout);
    if (schema != null) {
      builder.schema(schema);
    }
    try (BatchedFunction<HelloRequest, String> client = builder.build()) {
      return HelloPreflight.of(client.preflight());
    }
  }

  /**
   * Returns the versions of the server and the extension.
   *
   * @param repeat the default number of repetitions; 0 for the session's setting
   */
  public static PgHelloInfo info(FunctionSession session, int repeat) throws SQLException {
    // this call loads the library, which defines the setting
    HelloRequest empty = HelloRequest.of("", HelloRequest.SESSION_DEFAULT);
    String greeting =
        session.call(
            Function.HELLO,
            empty,
            HelloMapper.INSTANCE::bind,
            row -> row.getString(Function.HELLO.column()));
    if (!empty.isAnsweredBy(greeting)) {
      throw session.mismatch();
    }
    Preflight found = session.preflight();
    found
        .problemFor(Function.HELLO)
        .ifPresent(
            problem -> {
              throw HelloErrors.of(problem);
            });
    Installation installation = found.installation();
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
