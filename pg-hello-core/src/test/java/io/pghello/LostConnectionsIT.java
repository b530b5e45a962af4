// SPDX-License-Identifier: MIT
package io.pghello;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.extension.testkit.Superuser;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.testkit.PgHelloTest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Shows which errors callers receive after the server has ended all sessions of a pool. The
 * connections were used a moment before, so the pool does not validate them.
 */
@PgHelloTest
@Tag("slow")
@Timeout(120)
class LostConnectionsIT {
  private static final int SIZE = 8;
  private static final int ROUNDS = 2;

  @ParameterizedTest
  @EnumSource
  void aLoneCallerNoticesNothing(Pool kind, TestDatabase database, @Superuser DataSource superuser)
      throws Exception {
    DataSource pool = kind.start(database.jdbcUrl(), SIZE);
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofSeconds(30)).build()) {
      for (int round = 0; round < ROUNDS; round++) {
        useAll(pool);
        FaultsIT.terminate(superuser);
        for (int i = 0; i <= SIZE; i++) {
          assertThat(client.hello("Ada")).isEqualTo("Hello, Ada!");
        }
      }
    } finally {
      kind.close(pool);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aThousandCallersNoticeNothing(
      Pool kind, TestDatabase database, @Superuser DataSource superuser) throws Exception {
    DataSource pool = kind.start(database.jdbcUrl(), SIZE);
    try (PgHelloClient client =
        PgHelloClient.builder().dataSource(pool).callTimeout(Duration.ofSeconds(30)).build()) {
      for (int round = 0; round < ROUNDS; round++) {
        useAll(pool);
        var calls = new ArrayList<CompletableFuture<String>>();
        for (int i = 0; i < 1_000; i++) {
          if (i == 500) {
            FaultsIT.terminate(superuser);
          }
          calls.add(client.helloAsync("Ada"));
        }
        for (CompletableFuture<String> call : calls) {
          assertThat(FaultsIT.join(call)).isEqualTo("Hello, Ada!");
        }
      }
    } finally {
      kind.close(pool);
    }
  }

  /** Uses all connections of the pool, so that the pool considers them valid. */
  private static void useAll(DataSource pool) throws SQLException {
    List<Connection> all = new ArrayList<>();
    try {
      while (all.size() < SIZE) {
        Connection connection = pool.getConnection();
        try {
          assertThat(PgHelloClientIT.ask(connection, "SELECT 1")).isEqualTo("1");
          all.add(connection);
        } catch (SQLException e) {
          // a dead connection of the previous round
          connection.close();
        }
      }
    } finally {
      for (Connection connection : all) {
        connection.close();
      }
    }
  }
}
