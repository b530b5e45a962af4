// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.Preflight;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * Blocking calls to the functions of the PostgreSQL extension {@code pg_hello}, on pooled
 * connections ({@link PgHelloClient}) or on the caller's connection ({@link #withConnection}).
 * Depend on this interface if your tests replace the client.
 *
 * <p>Calls that fail throw a {@link FunctionCallException}. Its code and message describe the
 * problem and the fix. Null arguments cause a {@link NullPointerException}.
 *
 * <p>Later versions may add methods, with a default implementation if possible.
 */
public interface PgHelloOperations {
  /**
   * Calls the SQL function {@code pg_hello(name)}, which returns a greeting such as {@code Hello,
   * Ada!}. {@link #withRepeat} or {@link PgHelloClient#builder(int)} sets the number of
   * repetitions; otherwise, the session's setting {@code pg_hello.repeat} (default 1) applies.
   * Takes one round trip, which may be shared with other calls. The first call takes an additional
   * round trip.
   *
   * @param name any text without U+0000 or unpaired surrogates; may be empty
   * @return the greeting, never null
   * @throws FunctionCallException if the name cannot be sent ({@link Code#INVALID_ARGUMENT}), if
   *     the greeting exceeds the server's limit of 1 GB ({@link Code#RESULT_TOO_LARGE}), or if the
   *     extension, the server or a connection is not usable
   */
  String hello(String name);

  /**
   * Calls the SQL function {@code pg_hello(name, repeat)}, which returns the greeting {@code
   * repeat} times, separated by spaces. Takes one round trip, which may be shared with other calls.
   * The first call takes an additional round trip.
   *
   * @param name any text without U+0000 or unpaired surrogates; may be empty
   * @param repeat the number of repetitions, 1 to 10
   * @return the greeting, never null
   * @throws FunctionCallException if {@code repeat} is out of range ({@link
   *     Code#INVALID_ARGUMENT}), if the extension has version 1.0 ({@link Code#VERSION_TOO_OLD}),
   *     or for the same reasons as {@link #hello(String)}
   */
  String hello(String name, int repeat);

  /**
   * Calls the SQL function {@code pg_hello_all(names, repeats)}, which greets many names. Takes one
   * round trip per batch of at most {@link ClientBuilder#maxBatchSize} names and about {@link
   * ClientBuilder#maxBatchBytes} bytes. Each batch has its own timeout. All names are validated
   * before the first batch is sent.
   *
   * @param names the names, without null elements; duplicates are allowed
   * @return an unmodifiable list of greetings, in the order of the names
   * @throws FunctionCallException for the same reasons as {@link #hello(String)}; if a name cannot
   *     be sent, the message contains the index of the name
   */
  List<String> helloAll(Collection<String> names);

  /**
   * Greets names in batches, like {@link #helloAll}, but in constant memory. The consumers run on
   * the calling thread, which holds no connection while they run.
   *
   * @param names the names; read only as far as needed for the next batch
   * @param greetings a consumer that receives each greeting, in the order of the names
   * @param progress a consumer that receives the number of names greeted so far, after each batch
   * @return the number of greeted names
   * @throws FunctionCallException for the same reasons as {@link #helloAll}, or if the client was
   *     closed before the next batch; all names of the previous batches have been greeted
   */
  long helloEach(Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress);

  /** Greets names in batches. See {@link #helloEach(Iterator, Consumer, LongConsumer)}. */
  default long helloEach(Iterator<String> names, Consumer<? super String> greetings) {
    return helloEach(names, greetings, count -> {});
  }

  /** Greets names in batches. See {@link #helloEach(Iterator, Consumer, LongConsumer)}. */
  default long helloEach(Iterable<String> names, Consumer<? super String> greetings) {
    return helloEach(Objects.requireNonNull(names, "names").iterator(), greetings);
  }

  /**
   * Greets names in batches. See {@link #helloEach(Iterator, Consumer, LongConsumer)}.
   *
   * @param names the names; the stream is closed at the end
   */
  default long helloEach(Stream<String> names, Consumer<? super String> greetings) {
    Objects.requireNonNull(names, "names");
    try (names) {
      return helloEach(names.iterator(), greetings);
    }
  }

  /**
   * Calls the SQL function {@code now_ms()}, which returns the server's current time in whole
   * milliseconds. Unlike the result of SQL's {@code now()}, this time advances within a
   * transaction. Takes one round trip.
   *
   * @throws FunctionCallException if the extension, the server or a connection is not usable
   */
  default Instant now() {
    return Instant.ofEpochMilli(nowMillis());
  }

  /**
   * Calls the SQL function {@code now_ms()}, which returns the server's current time in
   * milliseconds since 1970-01-01T00:00:00Z, like {@link System#currentTimeMillis()}. Takes one
   * round trip.
   *
   * @throws FunctionCallException if the extension, the server or a connection is not usable
   */
  long nowMillis();

  /**
   * Calls the SQL function {@code spi_version()}, which returns the result of {@code SELECT
   * version()}. Takes one round trip.
   *
   * @throws FunctionCallException if the extension, the server or a connection is not usable
   */
  String spiVersion();

  /**
   * Returns the versions of the server and the extension, and the extension's functions. Takes two
   * round trips. Listeners receive events for the statements, but not for the call.
   *
   * @throws FunctionCallException if the extension, the server or a connection is not usable
   */
  PgHelloInfo info();

  /**
   * Checks whether the extension can be used. Also warns about poolers that may mix up prepared
   * statements, and about Citus. Takes one round trip.
   *
   * @return the installation; its {@link Preflight#problems} contain their fixes. Warnings ({@link
   *     Code#isWarning}) do not prevent calls. The warning about Citus ({@link
   *     Code#SESSION_SETTINGS_NOT_SHARED}) cannot be fixed.
   * @throws FunctionCallException if the server cannot be queried
   */
  Preflight preflight();

  /**
   * Returns operations with a different default number of repetitions. They share the connections
   * and the queue of this instance, and are closed with it.
   *
   * @param repeat the number of repetitions, 1 to 10
   * @throws FunctionCallException if {@code repeat} is out of range ({@link Code#INVALID_ARGUMENT})
   */
  PgHelloOperations withRepeat(int repeat);

  /**
   * Returns operations with a different timeout, which replaces {@link ClientBuilder#callTimeout}.
   * They share the connections and the queue of this instance, and are closed with it. Calls with
   * different timeouts can be in the same batch, but a call with a longer timeout than {@code
   * callTimeout} is sent in a separate statement, so that it cannot delay other calls. With the
   * client's own pool, the server may cancel the call sooner ({@link
   * ClientBuilder#statementTimeout}).
   *
   * @param timeout the timeout, at least one millisecond and less than 20 days
   * @throws IllegalArgumentException if the timeout is out of range
   */
  PgHelloOperations withTimeout(Duration timeout);

  /**
   * Returns operations that run on the given connection, within its current transaction if there is
   * one. They change nothing in the session, and are not batched or retried. A server error aborts
   * the transaction, as usual in PostgreSQL; an argument that the client rejects does not abort it.
   * Use the returned operations on only one thread at a time, like the connection. They have no
   * asynchronous methods. If the client has not yet run a call in the connection's database as the
   * connection's user, the first call needs one additional round trip.
   *
   * @param connection the connection; the caller closes it
   */
  PgHelloOperations withConnection(Connection connection);
}
