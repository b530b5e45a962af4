// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.api;

import com.zaxxer.hikari.HikariDataSource;
import io.pghello.extension.batching.ClientBuilder;
import io.pghello.extension.testkit.ExtensionTest;
import io.pghello.extension.testkit.WireProxy;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** Runs the tests of batched calls on connections of Vert.x. */
@ExtensionTest(extensions = "pg_hello")
@Timeout(120)
class VertxBatchedFunctionIT extends BatchedFunctionIT {
  private final VertxPools pools = new VertxPools();

  @AfterEach
  void close() throws Exception {
    pools.close();
  }

  @Override
  <C> ClientBuilder<C> connect(ClientBuilder<C> builder, DataSource dataSource) {
    try {
      return builder.connections(pools.connections((HikariDataSource) dataSource));
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  String askSession(DataSource pool, String sql) {
    return pools.ask(sql);
  }

  /**
   * Is not a test here, because its mapper binds a text to an array, and Vert.x sends only values
   * of the parameter's type.
   */
  @Override
  void aFunctionOfAnotherExtensionIsNamedInErrors(
      DataSource dataSource, DataSource superuser, WireProxy proxy) {}

  /** After these codes, Vert.x expects that the server ends the session. */
  @Override
  List<String> states() {
    return super.states().stream()
        .filter(state -> !Set.of("25P03", "57P01", "57P05").contains(state))
        .toList();
  }
}
