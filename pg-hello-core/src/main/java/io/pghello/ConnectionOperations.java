// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionOperations;
import io.pghello.extension.batching.Preflight;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Calls the functions of the extension, on the caller's connection or on pooled connections. */
class ConnectionOperations implements PgHelloOperations {
  private static final CallProblem CITUS =
      new CallProblem(
          Code.SESSION_SETTINGS_NOT_SHARED,
          "The database is distributed by Citus, and SET pg_hello.repeat does not reach its"
              + " workers.",
          "In SQL on distributed tables, pass the count, e.g. pg_hello(name, 2), or set it with"
              + " ALTER DATABASE or ALTER ROLE, which take effect in new sessions of the workers.");

  private final FunctionOperations<PgHelloRequest, String> calls;

  /** The number of repetitions for calls that do not pass one. */
  final int repeat;

  ConnectionOperations(FunctionOperations<PgHelloRequest, String> calls, int repeat) {
    this.calls = calls;
    this.repeat = repeat;
  }

  @Override
  public final String hello(String name) {
    return calls.call(PgHelloRequest.unchecked(name, repeat));
  }

  @Override
  public final String hello(String name, int repeat) {
    return calls.call(PgHelloRequest.uncheckedCount(name, repeat));
  }

  @Override
  public final List<String> helloAll(Collection<String> names) {
    return calls.callAll(requests(names));
  }

  @Override
  public final long helloEach(
      Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress) {
    return calls.callEach(
        new Requests(Objects.requireNonNull(names, "names"), repeat),
        Objects.requireNonNull(greetings, "greetings"),
        progress);
  }

  final List<PgHelloRequest> requests(Collection<String> names) {
    Objects.requireNonNull(names, "names");
    var requests = new ArrayList<PgHelloRequest>(names.size());
    new Requests(names.iterator(), repeat).forEachRemaining(requests::add);
    return requests;
  }

  @Override
  public final long nowMillis() {
    return calls.run(Function.NOW_MS, ServerCalls::nowMillis);
  }

  @Override
  public final String spiVersion() {
    return calls.run(Function.SPI_VERSION, ServerCalls::spiVersion);
  }

  @Override
  public final PgHelloInfo info() {
    return calls.run(session -> ServerCalls.info(session, repeat));
  }

  @Override
  public final Preflight preflight() {
    Preflight found = calls.preflight();
    return found.installation().isDistributed() ? found.withWarning(CITUS) : found;
  }

  @Override
  public PgHelloOperations withRepeat(int repeat) {
    return new ConnectionOperations(calls, PgHelloRequest.checkRepeat(repeat));
  }

  @Override
  public PgHelloOperations withTimeout(Duration timeout) {
    return new ConnectionOperations(calls.withTimeout(timeout), repeat);
  }

  @Override
  public final PgHelloOperations withConnection(Connection connection) {
    return new ConnectionOperations(calls.withConnection(connection), repeat);
  }

  @Override
  public String toString() {
    return "PgHelloClient["
        + calls.describe()
        + (repeat == PgHelloRequest.SESSION_DEFAULT ? "" : ", repeat " + repeat)
        + "]";
  }

  /** Creates the requests for names. */
  private static final class Requests implements Iterator<PgHelloRequest> {
    private final Iterator<String> names;
    private final int repeat;
    private long index;

    private Requests(Iterator<String> names, int repeat) {
      this.names = names;
      this.repeat = repeat;
    }

    @Override
    public boolean hasNext() {
      return names.hasNext();
    }

    @Override
    public PgHelloRequest next() {
      String name = names.next();
      long position = index++;
      return PgHelloRequest.unchecked(
          Objects.requireNonNull(name, () -> NameValidator.location(position)), repeat);
    }
  }
}
