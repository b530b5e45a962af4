// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;

class DatabasesIT {
  /** As where a name that was drawn is taken already. */
  @Test
  void dropsNothingOfARoleThatItHasNotCreated() throws SQLException {
    var names = new DatabaseNames(NamedExtensions.PREFIX, "others", List.of());
    try (ExtensionServer server = ExtensionServer.builder().start();
        TestDatabase database = server.createDatabase();
        var others = Databases.embedded(server.port(), server.password(), names)) {
      assertThatThrownBy(others::prepare)
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("already exists");
      others.dismantle();
      try (Connection connection = database.dataSource().getConnection()) {
        assertThat(connection.isValid(20)).isTrue();
      }
    }
  }
}
