// SPDX-License-Identifier: MIT
package io.pghello.internal;

import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.SingleMapper;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;

/** Binds requests to {@code pg_hello} and {@code pg_hello_all}, and reads the greetings. */
public final class HelloMapper
    implements BatchMapper<HelloRequest, String>, SingleMapper<HelloRequest, String> {
  public static final HelloMapper INSTANCE = new HelloMapper();

  private HelloMapper() {}

  @Override
  public Function function(HelloRequest request) {
    return request.function();
  }

  @Override
  public void bind(PreparedStatement statement, HelloRequest request) throws SQLException {
    statement.setString(1, request.name());
    if (request.repeat() != HelloRequest.SESSION_DEFAULT) {
      statement.setInt(2, request.repeat());
    }
  }

  @Override
  public String read(ResultSet row, int column) throws SQLException {
    return row.getString(column);
  }

  @Override
  public void bind(PreparedStatement statement, List<HelloRequest> requests) throws SQLException {
    HelloAllCodec.bind(statement, requests);
  }

  /** Returns no greetings if the result belongs to another statement. */
  @Override
  public List<String> read(Array answers) throws SQLException {
    return answers.getArray() instanceof String[] greetings ? Arrays.asList(greetings) : List.of();
  }

  @Override
  public boolean matches(HelloRequest request, String greeting) {
    return request.isAnsweredBy(greeting);
  }

  /** Rejects requests that the server would reject in any database. */
  @Override
  public int sizeInBytes(HelloRequest request) {
    return request.bytes();
  }
}
