// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.batching.ArgumentChecks;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.CallProblem;
import io.pghello.extension.batching.ServerErrors;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.SingleMapper;
import io.pghello.extension.batching.TextArray;
import java.nio.charset.CharsetEncoder;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Binds requests to {@code pg_hello_all(?, ?)}, or one request to {@code pg_hello(?)} or {@code
 * pg_hello(?, ?)}, reads the greetings, and compares them with the requests. {@link PgHelloClient}
 * uses this class for its calls. Use it in your own statements, for example to get the greetings
 * together with other values in one round trip:
 *
 * <pre>{@code
 * var statement = connection.prepareStatement("SELECT pg_hello_all(?, ?), now_ms()");
 * PgHelloMapper.INSTANCE.bind(statement, requests);
 * ResultSet row = statement.executeQuery();
 * row.next();
 * List<String> greetings = PgHelloMapper.INSTANCE.read(row.getArray(1));
 * }</pre>
 *
 * <p>Pass this object to {@link ServerErrors#translate} to convert an exception of the statement to
 * the error that the client would throw. Thread-safe.
 */
public final class PgHelloMapper
    implements BatchMapper<PgHelloRequest, String>,
        SingleMapper<PgHelloRequest, String>,
        ArgumentChecks<PgHelloRequest> {
  /** The only instance, which has no state. */
  public static final PgHelloMapper INSTANCE = new PgHelloMapper();

  private static final String THE_ANSWER = "The answer";

  private PgHelloMapper() {}

  @Override
  public ServerFunction function(PgHelloRequest request) {
    return request.function();
  }

  /** Binds the name, and the number of repetitions unless it is the session's. */
  @Override
  public void bind(PreparedStatement statement, PgHelloRequest request) throws SQLException {
    statement.setString(1, request.name());
    if (request.repeat() != PgHelloRequest.SESSION_DEFAULT) {
      statement.setInt(2, request.repeat());
    }
  }

  /** Reads a greeting. */
  @Override
  public String read(ResultSet row, int column) throws SQLException {
    return row.getString(column);
  }

  /** Binds requests to the first two parameters of a statement. */
  @Override
  public void bind(PreparedStatement statement, List<PgHelloRequest> requests) throws SQLException {
    Connection connection = statement.getConnection();
    statement.setArray(
        1, TextArray.of(connection, requests, PgHelloRequest::name, PgHelloRequest::bytes));
    statement.setArray(2, repeats(requests, connection));
  }

  /**
   * Returns the number of repetitions of each request; null if all requests use the session's
   * setting.
   */
  private static @Nullable Array repeats(List<PgHelloRequest> requests, Connection connection)
      throws SQLException {
    @Nullable Integer @Nullable [] repeats = null;
    for (int i = 0; i < requests.size(); i++) {
      int repeat = requests.get(i).repeat();
      if (repeat != PgHelloRequest.SESSION_DEFAULT) {
        if (repeats == null) {
          repeats = new @Nullable Integer[requests.size()];
        }
        repeats[i] = repeat;
      }
    }
    return repeats == null ? null : connection.createArrayOf("int4", repeats);
  }

  /**
   * Reads the greetings. Returns an empty list if the array has elements of another type, because
   * it then belongs to another statement.
   */
  @Override
  public List<String> read(Array answers) throws SQLException {
    return answers.getArray() instanceof String[] greetings ? Arrays.asList(greetings) : List.of();
  }

  /** Returns whether the text is the greeting of the request's name. */
  @Override
  public boolean matches(PgHelloRequest request, String greeting) {
    return request.isAnsweredBy(greeting);
  }

  /** Returns the number of bytes of the name in UTF-8. */
  @Override
  public int sizeInBytes(PgHelloRequest request) {
    return request.bytes();
  }

  /**
   * Returns the problem of the name. Requests contain only names that some database can store, so
   * the server rejects a name only because of its length or the encoding of the database.
   *
   * @return the problem; null if the error has another cause
   */
  @Override
  public @Nullable CallProblem problem(String sqlState, @Nullable String serverEncoding) {
    return switch (sqlState) {
      case "54000" -> NameValidator.tooLarge("");
      case "22P05" -> NameValidator.notInEncoding("");
      case "22021" ->
          ServerEncoding.refusesOwnBytes(serverEncoding) ? NameValidator.notInEncoding("") : null;
      default -> null;
    };
  }

  @Override
  public java.util.function.@Nullable Function<PgHelloRequest, @Nullable CallProblem> encodingCheck(
      @Nullable String serverEncoding) {
    CharsetEncoder encoder = ServerEncoding.encoder(serverEncoding);
    return encoder == null
        ? null
        : request -> encoder.canEncode(request.name()) ? null : NameValidator.notInEncoding("");
  }

  @Override
  public @Nullable CallProblem mismatchProblem(
      PgHelloRequest request, @Nullable String serverEncoding) {
    return ServerEncoding.changes(serverEncoding, request.name())
        ? NameValidator.notInEncoding("")
        : null;
  }

  @Override
  public CallProblem withIndex(CallProblem problem, long index) {
    String location = NameValidator.location(index);
    String message = problem.message();
    if (message.startsWith(THE_ANSWER)) {
      message = THE_ANSWER + " to " + location + message.substring(THE_ANSWER.length());
    } else if (message.startsWith(NameValidator.THE_NAME)) {
      String rest = message.substring(NameValidator.THE_NAME.length());
      message = NameValidator.theName(location) + rest;
    }
    return new CallProblem(problem.code(), message, problem.remedy());
  }

  @Override
  public String remedyBehindSqlParser() {
    return "only a client's single calls work: set its schema and batching(false).";
  }
}
