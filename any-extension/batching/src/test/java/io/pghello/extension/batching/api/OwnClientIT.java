// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.ExtensionFunction;
import io.pghello.extension.batching.BatchMapper;
import io.pghello.extension.batching.BatchedFunction;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.batching.ClientDefinition;
import io.pghello.extension.batching.ServerFunction;
import io.pghello.extension.batching.SingleMapper;
import io.pghello.extension.batching.TextArray;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.sql.Array;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Builds a client for several functions of an extension from the public API. */
@ExtensionTest(extensions = "pg_hello")
class OwnClientIT {
  // region functions
  static final ServerFunction HELLO =
      ServerFunction.of(ExtensionFunction.of("pg_hello(text,integer)", "text"));
  static final ServerFunction HELLO_ALL =
      ServerFunction.of(ExtensionFunction.of("pg_hello_all(text[],integer[])", "text[]"));
  static final ServerFunction NOW = ServerFunction.of(ExtensionFunction.of("now_ms()", "bigint"));

  static final ExtensionDescription EXTENSION =
      ExtensionDescription.builder("pg_hello")
          .function(HELLO.description())
          .function(HELLO_ALL.description())
          .function(NOW.description())
          .build();

  // endregion

  // region single
  /** Greets a name twice. A call that does not wait needs no array. */
  static class GreetTwice implements BatchMapper<String, String>, SingleMapper<String, String> {
    @Override
    public ServerFunction function(String name) {
      return HELLO;
    }

    @Override
    public void bind(PreparedStatement statement, String name) throws SQLException {
      statement.setString(1, name);
      statement.setInt(2, 2);
    }

    @Override
    public String read(ResultSet row, int column) throws SQLException {
      return row.getString(column);
    }

    @Override
    public void bind(PreparedStatement statement, List<String> names) throws SQLException {
      var connection = statement.getConnection();
      var times = new Integer[names.size()];
      Arrays.fill(times, 2);
      statement.setArray(1, TextArray.of(connection, names));
      statement.setArray(2, connection.createArrayOf("int4", times));
    }

    @Override
    public List<String> read(Array answers) throws SQLException {
      return Arrays.asList((String[]) answers.getArray());
    }

    @Override
    public boolean matches(String name, String answer) {
      return answer.equals("Hello, %1$s! Hello, %1$s!".formatted(name));
    }

    @Override
    public int sizeInBytes(String name) {
      return name.length();
    }
  }

  // endregion

  // region client
  /** A client for two functions. Its users can set all options of the builder. */
  static class AcmeClient implements AutoCloseable {
    private final BatchedFunction<String, String> greetings;

    private AcmeClient(BatchedFunction<String, String> greetings) {
      this.greetings = greetings;
    }

    static ClientBuilder<AcmeClient> builder() {
      var mapper = new GreetTwice();
      return ClientDefinition.of(EXTENSION, HELLO_ALL, mapper)
          .single(mapper)
          .functions(List.of(HELLO, NOW))
          .builder("acme", AcmeClient::new);
    }

    String greet(String name) {
      return greetings.call(name); // SELECT …, pg_hello(?, ?)
    }

    List<String> greetAll(List<String> names) {
      return greetings.callAll(names); // SELECT …, pg_hello_all(?, ?)
    }

    long now() {
      return greetings.run(NOW, session -> session.call(NOW, row -> row.getLong(2)));
    }

    @Override
    public void close() {
      greetings.close();
    }
  }

  // endregion

  @Test
  void clientOfSeveralFunctionsSharesConnections(DataSource dataSource, WireProxy proxy)
      throws Exception {
    try (var pool = new KeptConnections(dataSource, 1)) {
      // region use
      try (AcmeClient client =
          AcmeClient.builder().connections(pool).callTimeout(Duration.ofSeconds(2)).build()) {
        assertThat(client.greet("Ada")).isEqualTo("Hello, Ada! Hello, Ada!");
        assertThat(client.greetAll(List.of("Ada", "Zoë"))).hasSize(2);
        assertThat(client.now()).isPositive();
      }
      // endregion
      try (AcmeClient client = AcmeClient.builder().connections(pool).build()) {
        assertThat(client.greetings.preflight().problems()).isEmpty();
        assertThat(client.greetAll(List.of("Ada", "Zoë")))
            .containsExactly("Hello, Ada! Hello, Ada!", "Hello, Zoë! Hello, Zoë!");
        long roundTrips =
            proxy.countRoundTrips(
                () -> {
                  client.greet("Ada");
                  client.greetAll(List.of("Ada", "Zoë"));
                });
        assertThat(roundTrips).isEqualTo(2);
      }
    }
  }
}
