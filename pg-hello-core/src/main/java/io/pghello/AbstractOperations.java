// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.CallListener;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Events;
import io.pghello.extension.batching.internal.Settings;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.WaitTime;
import io.pghello.extension.batching.internal.coalescing.Dispatcher;
import io.pghello.extension.batching.internal.coalescing.Measurement;
import io.pghello.extension.batching.internal.jdbc.Session;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import io.pghello.internal.Function;
import io.pghello.internal.HelloErrors;
import io.pghello.internal.HelloPreflight;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.HelloRequests;
import io.pghello.internal.HelloStatements;
import io.pghello.internal.ServerCalls;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Implements the operations that work the same way for all sources of connections. */
abstract class AbstractOperations implements PgHelloOperations {
  /**
   * The parts of a client that its operations use.
   *
   * @param repeat the number of repetitions for calls that do not pass one
   * @param timeout the maximum duration of a call
   */
  record Context(
      Settings settings,
      HelloStatements statements,
      Dispatcher<HelloRequest, String> dispatcher,
      int repeat,
      Duration timeout) {
    Context withRepeat(int repeat) {
      return new Context(settings, statements, dispatcher, checkedRepeat(repeat), timeout);
    }

    Context withTimeout(Duration timeout) {
      return new Context(settings, statements, dispatcher, repeat, Deadline.checkTimeout(timeout));
    }

    Context on(Connection connection) {
      Objects.requireNonNull(connection, "connection");
      var statements = new HelloStatements(this.statements.executor().on(connection));
      return new Context(settings, statements, dispatcher, repeat, timeout);
    }

    Deadline deadline() {
      return Deadline.after(timeout);
    }
  }

  final Context context;

  AbstractOperations(Context context) {
    this.context = context;
  }

  /**
   * Sends a request. Throws if the client is closed.
   *
   * @param wait the object that receives the call's waiting time; null if the time is not needed
   */
  abstract String greet(HelloRequest request, @Nullable WaitTime wait);

  @Override
  public String hello(String name) {
    return greetNow(name, context.repeat());
  }

  @Override
  public String hello(String name, int repeat) {
    return greetNow(name, told(repeat));
  }

  private String greetNow(String name, int repeat) {
    HelloRequest request = request(name, repeat);
    if (!context.settings().listens()) {
      return greet(request, null);
    }
    var wait = new WaitTime();
    return Measurement.measured(listener(), request.function(), wait, () -> greet(request, wait));
  }

  /** Checks the repeat count of a call. */
  final int told(int repeat) {
    try {
      return checkedRepeat(repeat);
    } catch (FunctionCallException e) {
      throw refused(Function.HELLO_REPEAT, e);
    }
  }

  /** Checks the name of a call. */
  final HelloRequest request(String name, int repeat) {
    try {
      return HelloRequest.of(name, repeat);
    } catch (FunctionCallException e) {
      throw refused(Function.forRepeat(repeat), e);
    }
  }

  @Override
  public List<String> helloAll(Collection<String> names) {
    List<HelloRequest> requests = requests(names);
    return measured(
        Function.HELLO_ALL,
        () -> context.dispatcher().ofSeveralStatements(() -> greetAll(requests, () -> false)));
  }

  /** Greets names in batches until all names have been greeted or the call has been cancelled. */
  final List<String> greetAll(List<HelloRequest> requests, BooleanSupplier ended) {
    var all = new ArrayList<String>(requests.size());
    Iterator<HelloRequest> left = requests.iterator();
    while (left.hasNext() && !ended.getAsBoolean()) {
      all.addAll(Arrays.asList(greetBatch(context.settings().batches().next(left), all.size())));
    }
    return List.copyOf(all);
  }

  @Override
  public long helloEach(
      Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress) {
    Objects.requireNonNull(greetings, "greetings");
    Objects.requireNonNull(progress, "progress");
    var requests = new HelloRequests(Objects.requireNonNull(names, "names"), context.repeat());
    checkOpen();
    long count = 0;
    while (requests.hasNext()) {
      List<HelloRequest> batch = context.settings().batches().next(requests);
      long first = count;
      String[] answers =
          measured(
              Function.HELLO_ALL,
              () -> context.dispatcher().ofSeveralStatements(() -> greetBatch(batch, first)));
      for (String answer : answers) {
        greetings.accept(answer);
      }
      count += batch.size();
      progress.accept(count);
    }
    try {
      requests.throwIfInvalid();
    } catch (FunctionCallException e) {
      throw refused(Function.HELLO_ALL, e);
    }
    return count;
  }

  /** Checks the names of a call. */
  final List<HelloRequest> requests(Collection<String> names) {
    Objects.requireNonNull(names, "names");
    var requests = new ArrayList<HelloRequest>(names.size());
    try {
      for (String name : names) {
        requests.add(HelloRequest.of(name, context.repeat(), requests.size()));
      }
    } catch (FunctionCallException e) {
      throw refused(Function.HELLO_ALL, e);
    }
    return requests;
  }

  /** Notifies the listener of a call whose arguments are invalid. */
  private FunctionCallException refused(Function function, FunctionCallException error) {
    listener().callEnded(new Events.Call(function.signature(), 0, 0, error));
    return error;
  }

  private CallListener listener() {
    return context.settings().statements().listener();
  }

  private String[] greetBatch(List<HelloRequest> batch, long first) {
    return context
        .statements()
        .all(batch, first, StatementContext.bulk(batch.size(), context.deadline()));
  }

  @Override
  public long nowMillis() {
    return run(Function.NOW_MS, ServerCalls::nowMillis);
  }

  @Override
  public String spiVersion() {
    return run(Function.SPI_VERSION, ServerCalls::spiVersion);
  }

  @Override
  public PgHelloInfo info() {
    return ask(session -> ServerCalls.info(session, context.repeat()));
  }

  @Override
  public List<CallProblem> preflight() {
    return HelloPreflight.of(ask(Session::look)).problems();
  }

  @Override
  public PgHelloOperations withConnection(Connection connection) {
    return new ConnectionOperations(context.on(connection));
  }

  private <T> T run(Function function, StatementExecutor.Work<T> work) {
    return measured(function, () -> ask(work));
  }

  private <T> T ask(StatementExecutor.Work<T> work) {
    checkOpen();
    return executor().run(StatementContext.single(context.deadline()), work);
  }

  private StatementExecutor executor() {
    return context.statements().executor();
  }

  /** Throws if the client is closed. */
  final void checkOpen() {
    context.dispatcher().checkOpen();
  }

  /** Runs a call, and notifies the listener. */
  private <T> T measured(Function function, Supplier<T> call) {
    return context.settings().listens()
        ? Measurement.measured(listener(), function, new WaitTime(), call)
        : call.get();
  }

  static int checkedRepeat(int repeat) {
    if (repeat < HelloRequest.REPEAT_MIN || repeat > HelloRequest.REPEAT_MAX) {
      throw HelloErrors.invalidRepeat(repeat);
    }
    return repeat;
  }

  @Override
  public String toString() {
    return "PgHelloClient["
        + executor()
        + (context.repeat() == HelloRequest.SESSION_DEFAULT ? "" : ", repeat " + context.repeat())
        + ", "
        + context.settings().describe(context.timeout())
        + "]";
  }
}
