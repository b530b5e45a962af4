// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.internal.Batcher;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.Events;
import io.pghello.internal.Function;
import io.pghello.internal.Greetings;
import io.pghello.internal.Preflight;
import io.pghello.internal.Question;
import io.pghello.internal.Questions;
import io.pghello.internal.Request;
import io.pghello.internal.Runner;
import io.pghello.internal.Settings;
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
import java.util.stream.Collectors;

/** The calls that are the same wherever connections come from. */
abstract class Operations implements PgHelloOperations {
  // Milliseconds from 1970 to 2000, where the clocks of other builds begin.
  private static final long POSTGRES_EPOCH_MILLIS = 946_684_800_000L;
  private static final long DAY_MILLIS = 86_400_000L;

  /**
   * What calls are made with.
   *
   * @param repeat how many times a greeting is repeated where no count is given
   * @param timeout how long a call may take
   */
  record Context(
      Settings settings, Greetings greetings, Batcher batcher, int repeat, Duration timeout) {
    Context withRepeat(int repeat) {
      return new Context(settings, greetings, batcher, checkedRepeat(repeat), timeout);
    }

    Context withTimeout(Duration timeout) {
      return new Context(settings, greetings, batcher, repeat, checkedTimeout(timeout));
    }

    Context on(Connection connection) {
      Objects.requireNonNull(connection, "connection");
      var greetings = new Greetings(this.greetings.runner().on(connection));
      return new Context(settings, greetings, batcher, repeat, timeout);
    }

    Deadline deadline() {
      return Deadline.after(timeout);
    }

    Question question(String name) {
      return Question.of(name, repeat);
    }
  }

  final Context context;

  Operations(Context context) {
    this.context = context;
  }

  /** Greets, when it is known that the client is open. */
  abstract String greet(Question question);

  @Override
  public String hello(String name) {
    return hello(context.question(name));
  }

  @Override
  public String hello(String name, int repeat) {
    return hello(Question.of(name, checkedRepeat(repeat)));
  }

  private String hello(Question question) {
    return measured(question.function(), () -> greet(question));
  }

  @Override
  public List<String> helloAll(Collection<String> names) {
    List<Question> questions = questions(names);
    return measured(Function.HELLO_ALL, () -> greetAll(questions, () -> false));
  }

  /** Greets names one batch after the other, until there is no more need. */
  final List<String> greetAll(List<Question> questions, BooleanSupplier ended) {
    checkOpen();
    var all = new ArrayList<String>(questions.size());
    Iterator<Question> left = questions.iterator();
    while (left.hasNext() && !ended.getAsBoolean()) {
      all.addAll(Arrays.asList(greetBatch(nextBatch(left))));
    }
    return List.copyOf(all);
  }

  @Override
  public long helloEach(
      Iterator<String> names, Consumer<? super String> greetings, LongConsumer progress) {
    Objects.requireNonNull(greetings, "greetings");
    Objects.requireNonNull(progress, "progress");
    var questions = new Questions(Objects.requireNonNull(names, "names"), context.repeat());
    checkOpen();
    long count = 0;
    while (questions.hasNext()) {
      List<Question> batch = nextBatch(questions);
      for (String answer : measured(Function.HELLO_ALL, () -> greetBatch(batch))) {
        greetings.accept(answer);
      }
      count += batch.size();
      progress.accept(count);
    }
    questions.throwIfInvalid();
    return count;
  }

  /** Checks names. */
  List<Question> questions(Collection<String> names) {
    var questions = new ArrayList<Question>(names.size());
    for (String name : names) {
      questions.add(Question.of(name, context.repeat(), questions.size()));
    }
    return questions;
  }

  private List<Question> nextBatch(Iterator<Question> questions) {
    var batch = new ArrayList<Question>();
    int bytes = 0;
    while (questions.hasNext()
        && batch.size() < context.settings().maxBatchSize()
        && bytes < context.settings().maxBatchBytes()) {
      Question question = questions.next();
      batch.add(question);
      bytes += question.bytes();
    }
    return batch;
  }

  private String[] greetBatch(List<Question> batch) {
    checkOpen();
    return context.greetings().all(batch, Request.bulk(batch.size(), context.deadline()));
  }

  @Override
  public long nowMillis() {
    return run(
        Function.NOW_MS,
        session -> {
          long millis = session.call(Function.NOW_MS, s -> {}, row -> row.getLong(1));
          if (Math.abs(millis + POSTGRES_EPOCH_MILLIS - System.currentTimeMillis()) < DAY_MILLIS) {
            throw Errors.of(Preflight.foreignBuild(session.look().database()));
          }
          return millis;
        });
  }

  @Override
  public String spiVersion() {
    return run(
        Function.SPI_VERSION,
        session -> session.call(Function.SPI_VERSION, s -> {}, row -> row.getString(1)));
  }

  @Override
  public PgHelloInfo info() {
    int repeat = context.repeat();
    return run(
        Function.HELLO,
        session -> {
          // that loads the library, without which the setting has no value
          String greeting =
              session.call(Function.HELLO, s -> s.setString(1, ""), row -> row.getString(1));
          Preflight preflight = session.look();
          return new PgHelloInfo(
              preflight.serverVersion(),
              Objects.requireNonNull(preflight.extensionVersion()),
              Objects.requireNonNull(preflight.schema()),
              repeat == Question.AS_SET ? Question.countOfEmptyName(greeting) : repeat,
              preflight.functions().stream()
                  .map(Function::signature)
                  .collect(Collectors.toUnmodifiableSet()));
        });
  }

  @Override
  public List<PgHelloProblem> preflight() {
    checkOpen();
    return runner().run(Request.single(context.deadline()), Runner.Session::look).problems();
  }

  @Override
  public PgHelloOperations on(Connection connection) {
    return new ConnectionOperations(context.on(connection));
  }

  private <T> T run(Function function, Runner.Work<T> work) {
    return measured(
        function,
        () -> {
          checkOpen();
          return runner().run(Request.single(context.deadline()), work);
        });
  }

  private Runner runner() {
    return context.greetings().runner();
  }

  final void checkOpen() {
    context.batcher().checkOpen();
  }

  private <T> T measured(Function function, Supplier<T> call) {
    if (!context.settings().listens()) {
      return call.get();
    }
    long begin = System.nanoTime();
    PgHelloException error = null;
    try {
      return call.get();
    } catch (PgHelloException e) {
      error = e;
      throw e;
    } finally {
      context
          .settings()
          .listener()
          .callEnded(new Events.Call(function.signature(), System.nanoTime() - begin, error));
    }
  }

  static int checkedRepeat(int repeat) {
    if (repeat < Question.REPEAT_MIN || repeat > Question.REPEAT_MAX) {
      throw Errors.invalidRepeat(repeat);
    }
    return repeat;
  }

  static Duration checkedTimeout(Duration timeout) {
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
    Settings settings = context.settings();
    return "PgHelloClient["
        + runner()
        + (context.repeat() == Question.AS_SET ? "" : ", repeat " + context.repeat())
        + ", "
        + settings.with(context.timeout())
        + "]";
  }
}
