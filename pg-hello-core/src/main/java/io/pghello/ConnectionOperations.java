// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionOperations;
import io.pghello.internal.Function;
import io.pghello.internal.HelloPreflight;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.NameValidator;
import io.pghello.internal.ServerCalls;
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
  private final FunctionOperations<HelloRequest, String> calls;

  /** The number of repetitions for calls that do not pass one. */
  final int repeat;

  ConnectionOperations(FunctionOperations<HelloRequest, String> calls, int repeat) {
    this.calls = calls;
    this.repeat = repeat;
  }

  @Override
  public final String hello(String name) {
    return calls.call(HelloRequest.of(name, repeat));
  }

  @Override
  public final String hello(String name, int repeat) {
    return calls.call(HelloRequest.ofCount(name, repeat));
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

  final List<HelloRequest> requests(Collection<String> names) {
    Objects.requireNonNull(names, "names");
    var requests = new ArrayList<HelloRequest>(names.size());
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
  public final List<CallProblem> preflight() {
    return HelloPreflight.of(calls.preflight()).problems();
  }

  @Override
  public PgHelloOperations withRepeat(int repeat) {
    return new ConnectionOperations(calls, HelloRequest.checkRepeat(repeat));
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
        + (repeat == HelloRequest.SESSION_DEFAULT ? "" : ", repeat " + repeat)
        + "]";
  }

  /** Creates the requests for names. */
  private static final class Requests implements Iterator<HelloRequest> {
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
    public HelloRequest next() {
      String name = names.next();
      long position = index++;
      return HelloRequest.of(
          Objects.requireNonNull(name, () -> NameValidator.location(position)), repeat);
    }
  }
}
