// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.PgHelloException.Code;
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
 * The functions of the PostgreSQL extension {@code pg_hello}, as calls that return when the answer
 * is there. {@link PgHelloClient} has them on connections of a pool, and {@link #on} on a
 * connection of the program's; take this type where a test is to put something else in the place.
 *
 * <p>All methods throw {@link PgHelloException}, whose code and message say what is wrong and what
 * mends it; a null where none is allowed gives a {@link NullPointerException}.
 *
 * <p>Later versions may add methods, with a default where there can be one.
 */
public interface PgHelloOperations {
  /**
   * SQL {@code pg_hello(name)}: greets a name, as in {@code Hello, Ada!}, as many times as was said
   * by {@link #withRepeat} or {@link PgHelloClientBuilder#defaultRepeat}, or else as the session's
   * setting {@code pg_hello.repeat} says (1 by default). One round trip, or a part of one.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @return the greeting, never null
   * @throws PgHelloException if the name cannot be sent ({@link Code#INVALID_NAME}), if the
   *     greeting exceeds the server's limit of 1 GB ({@link Code#RESULT_TOO_LARGE}), or if the
   *     extension, the server or a connection cannot be used
   */
  String hello(String name);

  /**
   * SQL {@code pg_hello(name, repeat)}: greets a name a number of times, with one space between the
   * greetings. One round trip, or a part of one.
   *
   * @param name any text, even empty, that has neither the character U+0000 nor an unpaired
   *     surrogate
   * @param repeat how many times, 1 to 10
   * @return the greeting, never null
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT}), if the
   *     extension is at version 1.0 ({@link Code#TOO_OLD}), or as {@link #hello(String)} does
   */
  String hello(String name, int repeat);

  /**
   * SQL {@code pg_hello_all(names, repeats)}: greets many names. One round trip for each batch,
   * which has at most {@link PgHelloClientBuilder#maxBatchSize} names and about {@link
   * PgHelloClientBuilder#maxBatchBytes} bytes; the time-out counts for each. All names are checked
   * before the first is sent.
   *
   * @param names no element may be null; duplicates are fine
   * @return the greetings, in the order of the names; unmodifiable
   * @throws PgHelloException as {@link #hello(String)} does; if a name cannot be sent, the message
   *     has its index
   */
  List<String> helloAll(Collection<String> names);

  /**
   * Greets names one batch after the other, as {@link #helloAll} does, in constant memory. The
   * consumers run on the calling thread, while no connection is taken.
   *
   * @param names read as far as the next batch needs
   * @param greetings takes each greeting, in the order of the names
   * @param progress takes, after each batch, how many names have been greeted
   * @return how many names were greeted
   * @throws PgHelloException as {@link #helloAll} does, or at the next batch if the client is
   *     closed meanwhile; the names before have then been greeted
   */
  long helloEach(Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress);

  /**
   * Greets names one batch after the other; see {@link #helloEach(Iterator, Consumer,
   * LongConsumer)}.
   */
  default long helloEach(Iterator<String> names, Consumer<? super String> greetings) {
    return helloEach(names, greetings, count -> {});
  }

  /**
   * Greets names one batch after the other; see {@link #helloEach(Iterator, Consumer,
   * LongConsumer)}.
   */
  default long helloEach(Iterable<String> names, Consumer<? super String> greetings) {
    return helloEach(Objects.requireNonNull(names, "names").iterator(), greetings);
  }

  /**
   * Greets names one batch after the other; see {@link #helloEach(Iterator, Consumer,
   * LongConsumer)}.
   *
   * @param names closed afterwards
   */
  default long helloEach(Stream<String> names, Consumer<? super String> greetings) {
    Objects.requireNonNull(names, "names");
    try (names) {
      return helloEach(names.iterator(), greetings);
    }
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock, in whole milliseconds. It goes on within
   * a transaction. One round trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  default Instant now() {
    return Instant.ofEpochMilli(nowMillis());
  }

  /**
   * SQL {@code now_ms()}: returns the server's wall clock in milliseconds since
   * 1970-01-01T00:00:00Z, as {@link System#currentTimeMillis()} counts. One round trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  long nowMillis();

  /**
   * SQL {@code spi_version()}: returns what {@code SELECT version()} says on the server. One round
   * trip.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  String spiVersion();

  /**
   * Returns what these calls talk to. Two round trips. As with {@link #preflight}, a listener is
   * told of the statement alone.
   *
   * @throws PgHelloException if the extension, the server or a connection cannot be used
   */
  PgHelloInfo info();

  /**
   * Looks whether the extension can be used, and says what stands in the way. Warns of a pooler
   * that may mix up prepared statements, and of Citus. One round trip.
   *
   * @return what is wrong, the gravest first, each with what mends it; empty if all is well.
   *     Warnings ({@link PgHelloException.Code#isWarning}) make no function unusable, and that of
   *     Citus stays
   * @throws PgHelloException if the server cannot be asked
   */
  List<PgHelloProblem> preflight();

  /**
   * Returns the same calls with another count, for the methods that take none. It shares all with
   * these, and ends with them.
   *
   * @param repeat how many times, 1 to 10
   * @throws PgHelloException if the count is out of range ({@link Code#INVALID_REPEAT})
   */
  PgHelloOperations withRepeat(int repeat);

  /**
   * Returns the same calls with another time-out than {@link PgHelloClientBuilder#callTimeout},
   * which says what it covers. It shares all with these, and ends with them. Calls with different
   * time-outs share batches, and each ends at its own; a call with a longer time-out than {@code
   * callTimeout} is sent alone, on a connection of its own, so that it cannot delay the others. On
   * the client's own pool the server ends it sooner ({@link
   * PgHelloClientBuilder#statementTimeout}).
   *
   * @param timeout a millisecond or more, and less than 20 days
   * @throws IllegalArgumentException if the time-out is out of range
   */
  PgHelloOperations withTimeout(Duration timeout);

  /**
   * Returns the same calls on a connection of the caller's, in its transaction if there is one.
   * Nothing of the connection is changed. A call shares no statement with others, and is not
   * retried. An error of the server ends a transaction, as ever in PostgreSQL; what is refused
   * before it is sent does not. As safe for threads as the connection is, that is, for one at a
   * time; so there are no futures.
   *
   * <p>If the connection is to a database, or of a user, that the client has not seen, the first
   * call takes one round trip more.
   *
   * @param connection stays the caller's to close
   */
  PgHelloOperations on(Connection connection);
}
