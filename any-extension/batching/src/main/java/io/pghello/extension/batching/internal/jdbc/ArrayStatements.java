// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.FunctionSession;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.SingleMapper;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.StatementContext;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Calls a function with arrays of arguments and results, using the program's {@link BatchMapper},
 * or a function for one request, using its {@link SingleMapper}.
 *
 * @param <Q> the arguments of one call
 * @param <A> the answer to a call
 */
public final class ArrayStatements<Q, A>
    implements Statements<ArrayStatements.Asked<Q>, A>, Requests<Q, ArrayStatements.Asked<Q>, A> {
  /**
   * Maximum number of failures due to insufficient resources: enough to isolate one failing request
   * in a batch of 1,024, the default of {@code maxBatchSize}.
   */
  private static final int RESOURCE_FAILURES_MAX = 11;

  private final GuardedMapper<Q, A> mapper;
  private final ServerFunction function;
  private final @Nullable SingleMapper<Q, A> single;
  private final @Nullable ArgumentChecks<Q> checks;
  private final StatementExecutor executor;

  // created once, because each call uses them
  private final SessionWork<Q, A> workOfOne = this::one;
  private final FunctionSession.Binder<Q> singleBinder;
  private final FunctionSession.Reader<A> firstColumn;
  private final FunctionSession.Reader<A> secondColumn;

  /**
   * Creates statements for a function.
   *
   * @param function the function for many requests
   * @param single the mapper for single requests; null to send them as arrays, too
   * @param checks the client's argument checks; null if there are none
   * @param executor the executor that runs the statements
   */
  public ArrayStatements(
      BatchMapper<Q, A> mapper,
      ServerFunction function,
      @Nullable SingleMapper<Q, A> single,
      @Nullable ArgumentChecks<Q> checks,
      StatementExecutor executor) {
    var guarded = new GuardedMapper<>(mapper, single);
    this.mapper = guarded;
    this.function = function;
    this.single = single;
    this.checks = checks;
    this.executor = executor;
    this.singleBinder = guarded::bindOne;
    this.firstColumn = row -> guarded.readOne(row, 1);
    this.secondColumn = row -> guarded.readOne(row, 2);
  }

  /**
   * Returns the only function of this name that returns an array. Throws if there is not exactly
   * one.
   */
  public static ServerFunction find(ExtensionDescription extension, String name) {
    List<ExtensionFunction> found =
        extension.functions().stream()
            .filter(each -> each.name().equals(name) && each.resultType().endsWith("[]"))
            .toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "The description of %s has %s functions named %s that return an array; it must have one."
              .formatted(extension.name(), found.isEmpty() ? "no" : found.size(), name));
    }
    return ServerFunction.of(found.get(0));
  }

  /** Returns a request with these arguments. */
  public Asked<Q> request(Q arguments) {
    return request(arguments, bytes(arguments));
  }

  /** Returns the size of the arguments in bytes. Throws if they are rejected. */
  public int bytes(Q arguments) {
    int bytes = mapper.batch().sizeInBytes(Objects.requireNonNull(arguments, "request"));
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "BatchMapper.sizeInBytes returned " + bytes + " bytes; it must be 0 or more.");
    }
    return bytes;
  }

  @Override
  public Asked<Q> request(Q arguments, int bytes) {
    return new Asked<>(arguments, bytes, functionFor(arguments));
  }

  @Override
  public A one(Q arguments, Deadline deadline) {
    return executor.run(deadline, arguments, workOfOne);
  }

  /** Returns the function that is called if a request is sent in its own statement. */
  public ServerFunction functionFor(Q arguments) {
    return single == null ? function : single.function(arguments);
  }

  /** Returns the same statements for use on the caller's connection. */
  public ArrayStatements<Q, A> on(Connection connection) {
    return new ArrayStatements<>(mapper.batch(), function, single, checks, executor.on(connection));
  }

  /** Returns the function for many requests. */
  public ServerFunction function() {
    return function;
  }

  /**
   * Sends all requests of a bulk call in one round trip, or in several if the driver rejects a
   * result of this size. If a request fails, throws its error. If the client checks arguments, the
   * error contains the index of the request, and finding the request may take further round trips.
   *
   * @param first the index of the first request
   */
  public List<A> all(List<Asked<Q>> requests, long first, StatementContext context) {
    if (executor.exceedsDriverLimit(requests)) {
      return halves(requests, first, context);
    }
    try {
      return answers(executor.run(context, session -> bulk(session, requests, first)));
    } catch (FunctionCallException e) {
      if (SqlErrors.isDriverLimit(e) && !executor.isBound()) {
        executor.noteDriverLimit(requests);
        if (requests.size() == 1) {
          throw atIndex(e, first);
        }
        return halves(requests, first, context);
      }
      // errors from the server contain no index
      throw checks != null && e.sqlState().isPresent() && isOfArgument(e.code())
          ? withIndex(requests, first, context, e)
          : e;
    }
  }

  private List<A> halves(List<Asked<Q>> requests, long first, StatementContext context) {
    int size = requests.size();
    int half = size / 2;
    Deadline deadline = context.deadline();
    var answers =
        new ArrayList<A>(
            all(requests.subList(0, half), first, StatementContext.bulk(half, deadline)));
    answers.addAll(
        all(
            requests.subList(half, size),
            first + half,
            StatementContext.bulk(size - half, deadline)));
    return answers;
  }

  /**
   * Uses a binary search to find the first request that the server rejects, and adds its index to
   * the error.
   */
  private FunctionCallException withIndex(
      List<Asked<Q>> requests, long first, StatementContext context, FunctionCallException error) {
    if (executor.isBound()) {
      // the transaction has failed, so no further statement is possible
      return error;
    }
    FunctionCallException refusal = error;
    int from = 0;
    int to = requests.size();
    while (to - from > 1) {
      int middle = (from + to) >>> 1;
      List<Asked<Q>> half = requests.subList(from, middle);
      try {
        Object[] answers =
            executor.run(
                StatementContext.bulk(half.size(), context.deadline()),
                session -> array(session, half));
        for (int i = 0; i < answers.length; i++) {
          // if a pooler mixes up statements, the search would find an arbitrary request
          if (!mapper.isAnsweredBy(half.get(i).arguments(), answers[i])) {
            return error;
          }
        }
        from = middle;
      } catch (FunctionCallException e) {
        if (!isOfArgument(e.code())) {
          return error;
        }
        refusal = e;
        to = middle;
      }
    }
    return atIndex(refusal, first + from);
  }

  /** Adds the index of a request to an error, if the client checks arguments. */
  public FunctionCallException atIndex(FunctionCallException e, long index) {
    return checks == null
        ? e
        : new FunctionCallException(
            checks.withIndex(e.problem(), index), e.sqlState().orElse(null), e.getCause());
  }

  @SuppressWarnings("unchecked") // every outcome that is not an error is an answer
  private List<A> answers(Object[] outcomes) {
    for (Object outcome : outcomes) {
      if (outcome instanceof FunctionCallException error) {
        throw error;
      }
    }
    return (List<A>) Arrays.asList(outcomes);
  }

  @Override
  public StatementExecutor executor() {
    return executor;
  }

  @Override
  public A one(Asked<Q> request, StatementContext context) {
    return executor.run(context, session -> one(session, request.arguments()));
  }

  /**
   * Retries only once after a lost connection if the client does not check the arguments, because
   * one of the requests may have ended the session.
   */
  @Override
  public Object[] several(List<Asked<Q>> requests, StatementContext context) {
    return executor.run(
        context,
        checks == null ? 1 : Integer.MAX_VALUE,
        session ->
            requests.size() == 1 && single != null
                ? new Object[] {one(session, requests.get(0).arguments())}
                : outcomes(session, requests));
  }

  /**
   * Accepts only a complete and correct result. Another result is found again by {@link #several}.
   */
  @Override
  public boolean start(
      List<Asked<Q>> requests,
      StatementContext context,
      BiConsumer<Object @Nullable [], @Nullable FunctionCallException> outcome) {
    List<Q> arguments = arguments(requests);
    return executor.start(
        function, arguments, mapper::bind, result -> matching(result, arguments), context, outcome);
  }

  private Object[] matching(ResultSet result, List<Q> arguments) {
    Object[] answers;
    try {
      answers = readUnchecked(result);
    } catch (FunctionCallException e) {
      throw e;
    } catch (SQLException | RuntimeException e) {
      throw executor.mismatch();
    }
    boolean match = answers.length == arguments.size();
    for (int i = 0; match && i < answers.length; i++) {
      match = mapper.isAnsweredBy(arguments.get(i), answers[i]);
    }
    if (!match) {
      throw executor.mismatch();
    }
    return answers;
  }

  /** Reads a result, which may belong to any other statement. */
  private Object[] readUnchecked(ResultSet result) throws SQLException {
    boolean ours =
        result.next()
            && (function.repeatsArguments() || function.signature().equals(result.getString(1)));
    Array array = ours ? result.getArray(function.column()) : null;
    return array == null ? new Object[0] : mapper.read(array);
  }

  /**
   * Errors without an SQLSTATE come from the program or the driver. One request may have caused
   * such an error, unless it is an error of the JVM.
   */
  @Override
  public boolean isOfOneRequest(FunctionCallException error, int failures) {
    if (checks != null) {
      return isOfArgument(error.code());
    }
    return switch (error.code()) {
      case CONNECTION_LOST -> true;
      case SERVER_ERROR ->
          error.sqlState().isPresent()
              ? isOfOneRequest(error.sqlState().get(), failures)
              : !(error.getCause() instanceof VirtualMachineError);
      default -> false;
    };
  }

  private static boolean isOfArgument(Code code) {
    return code == Code.INVALID_ARGUMENT || code == Code.RESULT_TOO_LARGE;
  }

  /**
   * Returns false for transaction errors (25, 40), login errors (28, 3D), cancellation by an
   * administrator (57), and lock timeouts (55P03). After a lock timeout, each part of the batch
   * would wait for the lock again. Insufficient memory or disk space (53) can be caused by one
   * request, but after many failures, failed parts are not divided again.
   */
  private static boolean isOfOneRequest(String state, int failures) {
    return switch (state.length() < 2 ? "" : state.substring(0, 2)) {
      case "25", "28", "3D", "40", "57" -> false;
      case "53" -> failures <= RESOURCE_FAILURES_MAX;
      default -> !state.equals("55P03");
    };
  }

  /**
   * Removes the server's message, and causes other than network errors, because the message and the
   * causes may quote the arguments of one request. The errors of a client that checks arguments do
   * not quote them.
   */
  @Override
  public FunctionCallException shared(FunctionCallException error) {
    if (checks != null) {
      return error;
    }
    CallProblem problem = error.problem();
    Throwable cause = error.getCause();
    if (error.code() == Code.SERVER_ERROR && error.sqlState().isPresent()) {
      problem =
          new CallProblem(
              Code.SERVER_ERROR,
              "The server reported an error ("
                  + error.sqlState().get()
                  + ") for all calls of a batch.",
              "See the error code in PostgreSQL's documentation, and the server's log.");
      cause = null;
    } else if (error.code() == Code.RESPONSE_MISMATCH && error.sqlState().isPresent()) {
      problem = Errors.statementsMixedUp(problem, error.sqlState().get());
      cause = null;
    } else if (error.code() == Code.CONNECTION_LOST && !SqlErrors.isOfNetwork(cause)) {
      cause = null;
    }
    var shared = new FunctionCallException(problem, error.sqlState().orElse(null), cause);
    for (Throwable before : error.getSuppressed()) {
      if (before instanceof FunctionCallException suppressed) {
        shared.addSuppressed(shared(suppressed));
      }
    }
    return shared;
  }

  private A one(Session session, Q arguments) throws SQLException {
    return single == null
        ? answers(outcomes(session, List.of(request(arguments, 0)))).get(0)
        : single(session, arguments, single.function(arguments));
  }

  private A single(Session session, Q arguments, ServerFunction called) throws SQLException {
    A answer =
        session.call(
            called,
            arguments,
            singleBinder,
            called.repeatsArguments() ? firstColumn : secondColumn);
    if (!mapper.isAnsweredBy(arguments, answer)) {
      throw mismatch(session, arguments);
    }
    return answer;
  }

  /** Returns an answer or an error for each request. */
  private Object[] outcomes(Session session, List<Asked<Q>> requests) throws SQLException {
    Object[] outcomes = outcomesOfFitting(session, requests);
    for (int i = 0; i < outcomes.length; i++) {
      if (!(outcomes[i] instanceof FunctionCallException)
          && !mapper.isAnsweredBy(requests.get(i).arguments(), outcomes[i])) {
        outcomes[i] = mismatch(session, requests.get(i).arguments());
      }
    }
    return outcomes;
  }

  /**
   * Sends the requests that the database's encoding can represent, if the client checks this, and
   * returns errors for the other requests.
   */
  private Object[] outcomesOfFitting(Session session, List<Asked<Q>> requests) throws SQLException {
    Function<Q, @Nullable CallProblem> check = checkFor(session);
    if (check == null) {
      return arrayOrEach(session, requests);
    }
    var outcomes = new Object[requests.size()];
    var fitting = new ArrayList<Asked<Q>>(outcomes.length);
    for (int i = 0; i < outcomes.length; i++) {
      CallProblem problem = check.apply(requests.get(i).arguments());
      if (problem == null) {
        fitting.add(requests.get(i));
      } else {
        outcomes[i] = Errors.of(problem);
      }
    }
    if (!fitting.isEmpty()) {
      Iterator<Object> answers = Arrays.asList(arrayOrEach(session, fitting)).iterator();
      Arrays.setAll(outcomes, i -> outcomes[i] == null ? answers.next() : outcomes[i]);
    }
    return outcomes;
  }

  private @Nullable Function<Q, @Nullable CallProblem> checkFor(Session session)
      throws SQLException {
    return checks == null ? null : checks.encodingCheck(session.serverEncoding());
  }

  /**
   * Sends all requests in one statement, or one by one if the function for many requests is missing
   * or may not be executed.
   */
  private Object[] arrayOrEach(Session session, List<Asked<Q>> requests) throws SQLException {
    if (single == null) {
      return array(session, requests);
    }
    if (session.offers(function)) {
      try {
        return array(session, requests);
      } catch (FunctionCallException e) {
        if (e.code() != Code.VERSION_TOO_OLD && e.code() != Code.NO_EXECUTE_PRIVILEGE) {
          throw e;
        }
      }
    }
    var outcomes = new Object[requests.size()];
    for (int i = 0; i < outcomes.length; i++) {
      try {
        outcomes[i] = one(session, requests.get(i).arguments());
      } catch (FunctionCallException e) {
        outcomes[i] = e;
      }
    }
    return outcomes;
  }

  /** Returns the answers to all requests. Throws if a request cannot be sent or answered. */
  private Object[] bulk(Session session, List<Asked<Q>> requests, long first) throws SQLException {
    Function<Q, @Nullable CallProblem> check = checkFor(session);
    for (int i = 0; check != null && i < requests.size(); i++) {
      CallProblem problem = check.apply(requests.get(i).arguments());
      if (problem != null) {
        throw atIndex(Errors.of(problem), first + i);
      }
    }
    Object[] answers = array(session, requests);
    for (int i = 0; i < answers.length; i++) {
      if (!mapper.isAnsweredBy(requests.get(i).arguments(), answers[i])) {
        FunctionCallException mismatch = mismatch(session, requests.get(i).arguments());
        throw mismatch.code() == Code.RESPONSE_MISMATCH ? mismatch : atIndex(mismatch, first + i);
      }
    }
    return answers;
  }

  /** Returns the unchecked answers to all requests. */
  private Object[] array(Session session, List<Asked<Q>> requests) throws SQLException {
    int column = function.column();
    Array array =
        session.call(function, arguments(requests), mapper::bind, row -> row.getArray(column));
    if (array == null) {
      throw session.mismatch();
    }
    Object[] answers = mapper.read(array);
    if (answers.length != requests.size()) {
      throw session.mismatch();
    }
    return answers;
  }

  /**
   * Returns the error for a wrong answer, and marks the connection for closing. If the server has
   * changed the argument, returns the error for this argument instead.
   */
  private FunctionCallException mismatch(Session session, Q arguments) throws SQLException {
    CallProblem changed =
        checks == null ? null : checks.mismatchProblem(arguments, session.serverEncoding());
    return changed == null ? session.mismatch() : Errors.of(changed);
  }

  /** Returns the arguments of all requests. Faster than a stream, which matters in each batch. */
  @SuppressWarnings("unchecked")
  private static <Q> List<Q> arguments(List<Asked<Q>> requests) {
    var arguments = new Object[requests.size()];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = requests.get(i).arguments();
    }
    return (List<Q>) Collections.unmodifiableList(Arrays.asList(arguments));
  }

  @Override
  public String toString() {
    return function.signature() + ", " + executor;
  }

  /** The arguments of a call. */
  public record Asked<Q>(Q arguments, int bytes, ServerFunction function) implements Request {}
}
