// SPDX-License-Identifier: MIT
package io.pghello.internal.jdbc;

import static java.util.stream.Collectors.joining;

import io.pghello.BatchFunction;
import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.internal.Deadline;
import io.pghello.internal.Errors;
import io.pghello.internal.Request;
import io.pghello.internal.ServerFunction;
import io.pghello.internal.StatementContext;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls a function of a program's own binding, whose arguments and answers are arrays.
 *
 * @param <Q> the arguments of one call
 * @param <A> its answer
 */
public final class ArrayStatements<Q, A> implements Statements<ArrayStatements.Asked<Q>, A> {
  private final BatchFunction<Q, A> function;
  private final ServerFunction described;
  private final StatementExecutor executor;

  /**
   * Creates it.
   *
   * @param described what {@link #find} returned
   * @param executor runs its statements
   */
  public ArrayStatements(
      BatchFunction<Q, A> function, ServerFunction described, StatementExecutor executor) {
    this.function = function;
    this.described = described;
    this.executor = executor;
  }

  /** Returns the only function of this name that returns an array; throws if there is none. */
  public static ServerFunction find(ExtensionDescription extension, String name) {
    List<ExtensionFunction> found =
        extension.functions().stream()
            .filter(each -> each.name().equals(name) && each.resultType().endsWith("[]"))
            .toList();
    if (found.size() != 1) {
      throw new IllegalArgumentException(
          "The description of %s has %s functions %s that return an array; it must be one."
              .formatted(extension.name(), found.isEmpty() ? "no" : found.size(), name));
    }
    return new Described(found.get(0));
  }

  /** Returns a request with these arguments. */
  public Asked<Q> ask(Q arguments) {
    int bytes = function.bytes(Objects.requireNonNull(arguments, "request"));
    if (bytes < 0) {
      throw new IllegalArgumentException("The size of a request is " + bytes + " bytes.");
    }
    return new Asked<>(arguments, bytes, described);
  }

  @Override
  public StatementExecutor executor() {
    return executor;
  }

  @Override
  public A one(Asked<Q> request, Deadline deadline) {
    return only(executor.run(deadline, List.of(request), this::outcomes));
  }

  @Override
  public A one(Asked<Q> request, StatementContext context) {
    return only(several(List.of(request), context));
  }

  @SuppressWarnings("unchecked") // what is no error is an answer
  private A only(Object[] outcomes) {
    if (outcomes[0] instanceof PgHelloException error) {
      throw error;
    }
    return (A) outcomes[0];
  }

  @Override
  public Object[] several(List<Asked<Q>> requests, StatementContext context) {
    return executor.run(context, session -> outcomes(session, requests));
  }

  /**
   * Class 22 is of data, 54 of limits, and P0001 of what a function raises itself. A cause is the
   * program's or the driver's, never the server's.
   */
  @Override
  public boolean isOfOneRequest(PgHelloException error) {
    String state = error.sqlState().orElse("");
    return error.code() == Code.SERVER_ERROR
        && (state.startsWith("22")
            || state.startsWith("54")
            || state.equals("P0001")
            || error.getCause() instanceof Exception);
  }

  private Object[] outcomes(StatementExecutor.Session session, List<Asked<Q>> requests)
      throws SQLException {
    List<Q> arguments = requests.stream().map(Asked::arguments).toList();
    Array array = session.call(described, arguments, this::bind, row -> row.getArray(2));
    if (array == null) {
      throw session.mismatch();
    }
    List<A> answers = read(array);
    if (answers.size() != arguments.size()) {
      throw session.mismatch();
    }
    var outcomes = new Object[arguments.size()];
    for (int i = 0; i < outcomes.length; i++) {
      A answer = answers.get(i);
      outcomes[i] = isAnsweredBy(arguments.get(i), answer) ? answer : session.mismatch();
    }
    return outcomes;
  }

  /** The connection is as sound as before, whatever the program throws. */
  private void bind(PreparedStatement statement, List<Q> arguments) throws SQLException {
    try {
      function.bind(statement, arguments);
    } catch (RuntimeException e) {
      throw Errors.unexpected(e);
    }
  }

  /**
   * Copies the answers, as a list of the program's may read them only when it is asked for them.
   */
  private List<A> read(Array answers) throws SQLException {
    try {
      return new ArrayList<>(Objects.requireNonNull(function.read(answers), "answers"));
    } catch (RuntimeException e) {
      throw Errors.unexpected(e);
    }
  }

  private boolean isAnsweredBy(Q arguments, @Nullable A answer) {
    try {
      return answer != null && function.isAnsweredBy(arguments, answer);
    } catch (RuntimeException e) {
      throw Errors.unexpected(e);
    }
  }

  @Override
  public String toString() {
    return described.signature() + ", " + executor;
  }

  /** The function, of which there is one object: it is looked up for each statement. */
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

    /** Without casts, a function that somebody has put there could fit better. */
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
