// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import static java.util.stream.Collectors.joining;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.Request;
import io.pghello.extension.batching.internal.ServerFunction;
import io.pghello.extension.batching.internal.StatementContext;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls a function with arrays of arguments and results, using the program's {@link BatchMapper}.
 *
 * @param <Q> the arguments of one call
 * @param <A> the answer to a call
 */
public final class ArrayStatements<Q, A> implements Statements<ArrayStatements.Asked<Q>, A> {
  /**
   * Maximum number of failures due to insufficient resources: enough to isolate one failing request
   * in a batch of 1,024, the default of {@code maxBatchSize}.
   */
  private static final int RESOURCE_FAILURES_MAX = 11;

  private final BatchMapper<Q, A> mapper;
  private final ServerFunction described;
  private final StatementExecutor executor;

  /**
   * Creates statements for a function.
   *
   * @param described the function that {@link #find} returned
   * @param executor the executor that runs the statements
   */
  public ArrayStatements(
      BatchMapper<Q, A> mapper, ServerFunction described, StatementExecutor executor) {
    this.mapper = mapper;
    this.described = described;
    this.executor = executor;
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
    return new Described(found.get(0));
  }

  /** Returns a request with these arguments. */
  public Asked<Q> ask(Q arguments) {
    int bytes = mapper.sizeInBytes(Objects.requireNonNull(arguments, "request"));
    if (bytes < 0) {
      throw new IllegalArgumentException(
          "The size of a request is " + bytes + " bytes; it must be 0 or more.");
    }
    return new Asked<>(arguments, bytes, described);
  }

  /** Returns the same statements for use on the caller's connection. */
  public ArrayStatements<Q, A> on(Connection connection) {
    return new ArrayStatements<>(mapper, described, executor.on(connection));
  }

  /** Returns the function that is called. */
  public ServerFunction function() {
    return described;
  }

  /**
   * Sends all requests in one round trip. If requests fail, throws the error of the first failed
   * request.
   */
  public List<A> all(List<Asked<Q>> requests, StatementContext context) {
    return answers(executor.run(context, session -> outcomes(session, requests)));
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
  public A one(Asked<Q> request, Deadline deadline) {
    return answers(executor.run(deadline, List.of(request), this::outcomes)).get(0);
  }

  @Override
  public A one(Asked<Q> request, StatementContext context) {
    return all(List.of(request), context).get(0);
  }

  /**
   * Retries only once after a lost connection, because one of the requests may have ended the
   * session.
   */
  @Override
  public Object[] several(List<Asked<Q>> requests, StatementContext context) {
    return executor.run(context, 1, session -> outcomes(session, requests));
  }

  /**
   * Errors without an SQLSTATE come from the program or the driver. One request may have caused
   * such an error, unless it is an error of the JVM.
   */
  @Override
  public boolean isOfOneRequest(FunctionCallException error, int failures) {
    return switch (error.code()) {
      case CONNECTION_LOST -> true;
      case SERVER_ERROR ->
          error.sqlState().isPresent()
              ? isOfOneRequest(error.sqlState().get(), failures)
              : !(error.getCause() instanceof VirtualMachineError);
      default -> false;
    };
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
   * causes may quote the arguments of one request.
   */
  @Override
  public FunctionCallException shared(FunctionCallException error) {
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

  private Object[] outcomes(Session session, List<Asked<Q>> requests) throws SQLException {
    Array array = session.call(described, arguments(requests), this::bind, row -> row.getArray(2));
    if (array == null) {
      throw session.mismatch();
    }
    Object[] outcomes = read(array);
    if (outcomes.length != requests.size()) {
      throw session.mismatch();
    }
    for (int i = 0; i < outcomes.length; i++) {
      if (!isAnsweredBy(requests.get(i).arguments(), outcomes[i])) {
        outcomes[i] = session.mismatch();
      }
    }
    return outcomes;
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

  /** Binds the arguments. An exception from the mapper does not affect the connection. */
  private void bind(PreparedStatement statement, List<Q> arguments) throws SQLException {
    try {
      mapper.bind(statement, arguments);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  /** Reads the answers. Copies the list, because the program's list may be lazy. */
  private Object[] read(Array answers) throws SQLException {
    try {
      return Objects.requireNonNull(mapper.read(answers), "answers").toArray(new Object[0]);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  @SuppressWarnings("unchecked") // the mapper has read the answer
  private boolean isAnsweredBy(Q arguments, @Nullable Object answer) {
    try {
      return answer != null && mapper.matches(arguments, (A) answer);
    } catch (RuntimeException | Error e) {
      throw ofProgram(e);
    }
  }

  /** Returns the error for an exception from the mapper. Rethrows errors of the JVM. */
  private static FunctionCallException ofProgram(Throwable e) {
    if (e instanceof VirtualMachineError error) {
      throw error;
    }
    return Errors.unexpected(e);
  }

  @Override
  public String toString() {
    return described.signature() + ", " + executor;
  }

  /**
   * A function from the extension's description. All statements use the same instance, because each
   * statement looks up its SQL with this instance as the key.
   */
  private static final class Described implements ServerFunction {
    private final ExtensionFunction description;

    Described(ExtensionFunction description) {
      this.description = description;
    }

    @Override
    public ExtensionFunction description() {
      return description;
    }

    @Override
    public boolean repeatsArguments() {
      return false;
    }

    /** Adds casts, because otherwise another role's overload could be a better match. */
    @Override
    public String expressionIn(String schema) {
      return description.argumentTypes().stream()
          .map(
              type ->
                  ExtensionFunction.isBuiltIn(type)
                      ? "?::pg_catalog." + ExtensionFunction.catalogName(type)
                      : "?")
          .collect(joining(", ", schema + "." + description.name() + "(", ")"));
    }
  }

  /** The arguments of a call. */
  public record Asked<Q>(Q arguments, int bytes, ServerFunction function) implements Request {}
}
