// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.ArtifactVersions;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.CallStatistics;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ClientDefinition;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.ServerErrors;
import java.util.List;
import javax.sql.DataSource;

/**
 * A thread-safe client for the PostgreSQL extension {@code pg_hello}. Create one per application
 * and close it at shutdown.
 *
 * <pre>{@code
 * PgHelloClient client = PgHelloClient.create(dataSource);
 * String greeting = client.hello("Ada"); // Hello, Ada!
 * }</pre>
 *
 * <p>Each call borrows a connection, runs one statement, and returns the connection, so use a
 * connection pool. The client changes no session settings and, if autocommit is on, leaves no
 * transaction open. The first call needs one additional round trip to locate the extension's
 * schema.
 *
 * <p>Concurrent calls to {@link #hello(String)} and {@link #helloAsync} may be combined into one
 * statement and run on a connection borrowed by any of the calling threads. A call that does not
 * have to wait is sent immediately. <b>If your data source chooses a connection by thread</b> (a
 * routing data source, or Spring's {@code TransactionAwareDataSourceProxy}), disable batching with
 * {@link ClientBuilder#batching}, or create one client per database.
 *
 * <p>The functions have no side effects. If a connection is lost, the client retries the call on
 * another connection, at most until {@link ClientBuilder#callTimeout} expires.
 *
 * <p>Calls that fail throw a {@link FunctionCallException}. Its code and message describe the
 * problem and the fix. Null arguments cause a {@link NullPointerException}.
 *
 * <p>Thread-safe, and immutable except for {@code close()}. Let other classes depend on the
 * interfaces {@link PgHelloOperations} and {@link PgHelloAsyncOperations}, so that tests can
 * replace the client.
 *
 * <p>Requires version 1.1 of the extension or later. With version 1.0, {@link #hello(String)},
 * {@link #helloAsync}, {@link #now()}, {@link #nowMillis()} and {@link #spiVersion()} work if you
 * do not pass a number of repetitions. If a function of a later version is missing, only calls to
 * this function fail.
 */
public final class PgHelloClient extends PooledOperations implements CallStatistics, AutoCloseable {
  private final BatchedFunction<PgHelloRequest, String> function;

  private PgHelloClient(BatchedFunction<PgHelloRequest, String> function, int repeat) {
    super(function, repeat);
    this.function = function;
  }

  /**
   * Creates a client with default settings, which connects to the database when the first call is
   * made.
   *
   * @param dataSource the source of connections; the client does not close it
   * @throws IllegalStateException if {@code pg-extension-batching} or {@code pg-extension-binding}
   *     has another version
   */
  public static PgHelloClient create(DataSource dataSource) {
    return builder().dataSource(dataSource).build();
  }

  /**
   * Returns a builder for a client with other settings.
   *
   * @throws IllegalStateException if {@code pg-extension-batching} or {@code pg-extension-binding}
   *     has another version
   */
  public static ClientBuilder<PgHelloClient> builder() {
    return builderWith(PgHelloRequest.SESSION_DEFAULT);
  }

  /**
   * Returns a builder for a client with another number of repetitions. Without this number, the
   * session's setting {@code pg_hello.repeat} applies.
   *
   * @param defaultRepeat the number of repetitions, 1 to 10, for calls that do not pass this number
   * @throws FunctionCallException if {@code defaultRepeat} is out of range ({@link
   *     Code#INVALID_ARGUMENT})
   * @throws IllegalStateException as in {@link #builder()}
   */
  public static ClientBuilder<PgHelloClient> builder(int defaultRepeat) {
    return builderWith(PgHelloRequest.checkRepeat(defaultRepeat));
  }

  /**
   * Returns the description of the extension, with the functions that the client calls. Use it to
   * inspect an installation on your own connection, or to translate errors of your own statements
   * with {@link ServerErrors#translate}. Takes no round trip.
   *
   * @throws IllegalStateException as in {@link #builder()}
   */
  public static ExtensionDescription extension() {
    ArtifactVersions.requireSame(
        PgHelloClient.class, BatchedFunction.class, ExtensionDescription.class);
    return Function.EXTENSION;
  }

  private static ClientBuilder<PgHelloClient> builderWith(int repeat) {
    return ClientDefinition.of(extension(), Function.HELLO_ALL, PgHelloMapper.INSTANCE)
        .functions(List.of(Function.values()))
        .single(PgHelloMapper.INSTANCE)
        .checks(PgHelloMapper.INSTANCE)
        .builder("pg-hello", function -> new PgHelloClient(function, repeat));
  }

  @Override
  public int queuedCalls() {
    return function.queuedCalls();
  }

  @Override
  public int inFlightStatements() {
    return function.inFlightStatements();
  }

  /**
   * Rejects new calls, waits up to {@code callTimeout} for running calls, and then fails the
   * remaining calls with {@link Code#CLOSED}; only a call with a longer timeout may still end with
   * its running statement, or after its timeout. After this method has returned, no statement
   * starts, and a running {@link #helloEach} fails before its next batch. Closes the pool if the
   * client created it. An interrupt ends only the wait; the client is still closed, and the thread
   * remains interrupted. Later calls have no effect, and do not wait for the first call to finish.
   */
  @Override
  public void close() {
    function.close();
  }
}
