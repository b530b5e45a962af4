// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import io.pghello.extension.batching.internal.Deadline;
import io.pghello.extension.batching.internal.Errors;
import io.pghello.extension.batching.internal.StatementContext;
import io.pghello.extension.batching.internal.jdbc.Session;
import io.pghello.extension.batching.internal.jdbc.SqlErrors;
import io.pghello.extension.batching.internal.jdbc.StatementExecutor;
import io.pghello.extension.batching.internal.jdbc.Statements;
import java.nio.charset.CharsetEncoder;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * Requests greetings, and checks that each result matches its request.
 *
 * @param executor the executor that runs the statements
 */
public record HelloStatements(StatementExecutor executor)
    implements Statements<HelloRequest, String> {
  @Override
  public String one(HelloRequest request, Deadline deadline) {
    return executor.run(deadline, request, HelloStatements::one);
  }

  @Override
  public String one(HelloRequest request, StatementContext context) {
    return executor.run(context, session -> one(session, request));
  }

  /**
   * Requests all greetings in one round trip, or in several round trips if the driver rejects a
   * result of this size. If a name cannot be greeted, the error contains the index of the name.
   * Finding the name may take further round trips.
   *
   * @param first the index of the first request
   */
  public String[] all(List<HelloRequest> requests, long first, StatementContext context) {
    if (executor.exceedsDriverLimit(requests)) {
      return halves(requests, first, context);
    }
    try {
      return executor.run(
          context,
          session -> {
            CharsetEncoder encoder = ServerEncoding.encoder(session.serverEncoding());
            for (int i = 0; encoder != null && i < requests.size(); i++) {
              if (!encoder.canEncode(requests.get(i).name())) {
                throw Errors.of(HelloErrors.notInEncoding(NameValidator.where(first + i)));
              }
            }
            String[] answers = all(session, requests);
            for (int i = 0; i < answers.length; i++) {
              if (!requests.get(i).isAnsweredBy(answers[i])) {
                throw mismatch(session, requests.get(i), NameValidator.where(first + i));
              }
            }
            return answers;
          });
    } catch (FunctionCallException e) {
      if (SqlErrors.isDriverLimit(e) && !executor.isBound()) {
        executor.noteDriverLimit(requests);
        if (requests.size() == 1) {
          throw HelloErrors.atIndex(e, first);
        }
        return halves(requests, first, context);
      }
      // errors from the server contain no index
      throw e.sqlState().isPresent() && isOfOneName(e.code())
          ? withIndex(requests, first, context, e)
          : e;
    }
  }

  private String[] halves(List<HelloRequest> requests, long first, StatementContext context) {
    int size = requests.size();
    int half = size / 2;
    Deadline deadline = context.deadline();
    String[] answers = all(requests.subList(0, half), first, StatementContext.bulk(half, deadline));
    String[] others =
        all(
            requests.subList(half, size),
            first + half,
            StatementContext.bulk(size - half, deadline));
    String[] both = Arrays.copyOf(answers, size);
    System.arraycopy(others, 0, both, half, others.length);
    return both;
  }

  /**
   * Uses a binary search to find the first name that the server rejects, and adds its index to the
   * error.
   */
  private FunctionCallException withIndex(
      List<HelloRequest> requests,
      long first,
      StatementContext context,
      FunctionCallException error) {
    if (executor.isBound()) {
      // the transaction has failed, so no further statement is possible
      return error;
    }
    FunctionCallException refusal = error;
    int from = 0;
    int to = requests.size();
    while (to - from > 1) {
      int middle = (from + to) >>> 1;
      List<HelloRequest> half = requests.subList(from, middle);
      try {
        String[] answers =
            executor.run(
                StatementContext.bulk(half.size(), context.deadline()),
                session -> all(session, half));
        // if a pooler mixes up statements, the search would find an arbitrary name
        if (!HelloAllCodec.areAnswers(half, answers)) {
          throw Errors.mismatch(Function.EXTENSION);
        }
        from = middle;
      } catch (FunctionCallException e) {
        if (!isOfOneName(e.code())) {
          return error;
        }
        refusal = e;
        to = middle;
      }
    }
    return HelloErrors.atIndex(refusal, first + from);
  }

  @Override
  public Object[] several(List<HelloRequest> requests, StatementContext context) {
    return requests.size() == 1
        ? new Object[] {one(requests.get(0), context)}
        : executor.run(context, session -> checkedThatFit(session, requests));
  }

  @Override
  public boolean isOfOneRequest(FunctionCallException error, int failures) {
    return isOfOneName(error.code());
  }

  /** Returns the error unchanged, because messages and causes never contain a name. */
  @Override
  public FunctionCallException shared(FunctionCallException error) {
    return error;
  }

  private static boolean isOfOneName(Code code) {
    return code == Code.INVALID_ARGUMENT || code == Code.RESULT_TOO_LARGE;
  }

  static String one(Session session, HelloRequest request) throws SQLException {
    String answer =
        session.call(request.function(), request, HelloStatements::bind, row -> row.getString(1));
    if (!request.isAnsweredBy(answer)) {
      throw mismatch(session, request, "");
    }
    return answer;
  }

  private static void bind(PreparedStatement statement, HelloRequest request) throws SQLException {
    statement.setString(1, request.name());
    if (request.repeat() != HelloRequest.SESSION_DEFAULT) {
      statement.setInt(2, request.repeat());
    }
  }

  private static String[] all(Session session, List<HelloRequest> requests) throws SQLException {
    return session.call(
        Function.HELLO_ALL,
        requests,
        HelloAllCodec::bind,
        row -> {
          String[] answers = HelloAllCodec.read(row, requests);
          if (answers == null) {
            throw Errors.mismatch(Function.EXTENSION);
          }
          return answers;
        });
  }

  /**
   * Returns the error for a wrong result, and marks the connection for closing. If the server may
   * have changed the name because of the database's encoding, returns the error for an unsupported
   * character instead.
   */
  private static FunctionCallException mismatch(Session session, HelloRequest request, String where)
      throws SQLException {
    return ServerEncoding.changes(session.serverEncoding(), request.name())
        ? Errors.of(HelloErrors.notInEncoding(where))
        : session.mismatch();
  }

  /** Returns the results, with an error in place of each result that does not match its request. */
  private static Object[] checkedThatFit(Session session, List<HelloRequest> requests)
      throws SQLException {
    Object[] outcomes = allThatFit(session, requests);
    for (int i = 0; i < outcomes.length; i++) {
      if (!(outcomes[i] instanceof FunctionCallException)
          && !requests.get(i).isAnsweredBy((String) outcomes[i])) {
        outcomes = Statements.copyOf(outcomes, outcomes.length);
        outcomes[i] = mismatch(session, requests.get(i), "");
      }
    }
    return outcomes;
  }

  /**
   * Sends the names that the database's encoding can represent, if the encoding is known, and
   * returns errors for the other names.
   */
  private static Object[] allThatFit(Session session, List<HelloRequest> requests)
      throws SQLException {
    CharsetEncoder encoder = ServerEncoding.encoder(session.serverEncoding());
    if (encoder == null) {
      return allOrEach(session, requests);
    }
    var outcomes = new Object[requests.size()];
    var fitting = new ArrayList<HelloRequest>(outcomes.length);
    for (int i = 0; i < outcomes.length; i++) {
      HelloRequest request = requests.get(i);
      if (encoder.canEncode(request.name())) {
        fitting.add(request);
      } else {
        outcomes[i] = Errors.of(HelloErrors.notInEncoding(""));
      }
    }
    if (!fitting.isEmpty()) {
      Iterator<Object> answers = Arrays.asList(allOrEach(session, fitting)).iterator();
      Arrays.setAll(outcomes, i -> outcomes[i] == null ? answers.next() : outcomes[i]);
    }
    return outcomes;
  }

  /**
   * Sends all names in one statement, or one by one if the function for many names is missing, e.g.
   * in version 1.0.
   */
  private static Object[] allOrEach(Session session, List<HelloRequest> requests)
      throws SQLException {
    if (session.offers(Function.HELLO_ALL)) {
      try {
        return all(session, requests);
      } catch (FunctionCallException e) {
        // the function is missing or may not be executed, so send the names one by one
        if (e.code() != Code.VERSION_TOO_OLD && e.code() != Code.NO_EXECUTE_PRIVILEGE) {
          throw e;
        }
      }
    }
    var outcomes = new Object[requests.size()];
    for (int i = 0; i < outcomes.length; i++) {
      try {
        outcomes[i] = one(session, requests.get(i));
      } catch (FunctionCallException e) {
        outcomes[i] = e;
      }
    }
    return outcomes;
  }
}
