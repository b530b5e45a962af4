// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.Events;
import io.pghello.internal.Function;
import io.pghello.internal.HelloRequest;
import io.pghello.internal.HelloRequests;
import io.pghello.internal.ServerFunction;
import io.pghello.internal.Settings;
import io.pghello.internal.StatementContext;
import io.pghello.internal.WaitTime;
import io.pghello.internal.coalescing.Dispatcher;
import io.pghello.internal.jdbc.HelloStatements;
import io.pghello.internal.jdbc.ServerCalls;
import io.pghello.internal.jdbc.StatementExecutor;
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

/** The calls that do not depend on the source of connections. */
abstract class Operations implements PgHelloOperations {
  /**
   * The parts that calls are made with.
   *
   * @param repeat how many times a greeting is repeated where no count is given
   * @param timeout how long a call may take
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
      return new Context(settings, statements, dispatcher, repeat, checkedTimeout(timeout));
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

  Operations(Context context) {
    this.context = context;
  }

  /**
   * Sends a request, after a check that the client is open.
   *
   * @param wait is told how long the call waited; null if nobody wants to know
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
    return measured(request.function(), wait, () -> greet(request, wait));
  }

  /** Checks the count of a call. */
  final int told(int repeat) {
    try {
      return checkedRepeat(repeat);
    } catch (PgHelloException e) {
      throw refused(Function.HELLO_REPEAT, e);
    }
  }

  /** Checks the name of a call. */
  final HelloRequest request(String name, int repeat) {
    try {
      return HelloRequest.of(name, repeat);
    } catch (PgHelloException e) {
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

  /** Greets names one batch after the other, until there is no more need. */
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
    } catch (PgHelloException e) {
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
    } catch (PgHelloException e) {
      throw refused(Function.HELLO_ALL, e);
    }
    return requests;
  }

  /** Tells the listener of a call that ended with the check of its arguments. */
  private PgHelloException refused(Function function, PgHelloException error) {
    listener().callEnded(new Events.Call(function.signature(), 0, 0, error));
    return error;
  }

  final PgHelloListener listener() {
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
    checkOpen();
    return executor()
        .run(
            StatementContext.single(context.deadline()),
            session -> ServerCalls.info(session, context.repeat()));
  }

  @Override
  public List<PgHelloProblem> preflight() {
    checkOpen();
    return executor()
        .run(StatementContext.single(context.deadline()), StatementExecutor.Session::look)
        .problems();
  }

  @Override
  public PgHelloOperations on(Connection connection) {
    return new ConnectionOperations(context.on(connection));
  }

  private <T> T run(Function function, StatementExecutor.Work<T> work) {
    return measured(
        function,
        () -> {
          checkOpen();
          return executor().run(StatementContext.single(context.deadline()), work);
        });
  }

  private StatementExecutor executor() {
    return context.statements().executor();
  }

  final void checkOpen() {
    context.dispatcher().checkOpen();
  }

  private <T> T measured(Function function, Supplier<T> call) {
    return context.settings().listens() ? measured(function, new WaitTime(), call) : call.get();
  }

  private <T> T measured(Function function, WaitTime wait, Supplier<T> call) {
    return measured(listener(), function, wait, call);
  }

  /** Makes a call, and tells the listener of it. */
  static <T> T measured(
      PgHelloListener listener, ServerFunction function, WaitTime wait, Supplier<T> call) {
    long begin = System.nanoTime();
    PgHelloException error = null;
    try {
      return call.get();
    } catch (RuntimeException | Error e) {
      error = Errors.ofCall(e);
      throw e;
    } finally {
      listener.callEnded(
          new Events.Call(function.signature(), System.nanoTime() - begin, wait.nanos(), error));
    }
  }

  static int checkedRepeat(int repeat) {
    if (repeat < HelloRequest.REPEAT_MIN || repeat > HelloRequest.REPEAT_MAX) {
      throw Errors.invalidRepeat(repeat);
    }
    return repeat;
  }

  static Duration checkedTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    if (timeout.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException("The time-out of a call is less than a millisecond");
    }
    if (timeout.toDays() >= 20) {
      throw new IllegalArgumentException("The time-out of a call is 20 days or more");
    }
    return timeout;
  }

  @Override
  public String toString() {
    return "PgHelloClient["
        + executor()
        + (context.repeat() == HelloRequest.AS_SET ? "" : ", repeat " + context.repeat())
        + ", "
        + context.settings().describe(context.timeout())
        + "]";
  }
}
