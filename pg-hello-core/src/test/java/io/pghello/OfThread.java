// SPDX-License-Identifier: MIT
package io.pghello;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** A routing data source that selects another data source by the calling thread. */
record OfThread(Supplier<DataSource> current) implements SimpleDataSource {
  @Override
  public Connection getConnection() throws SQLException {
    return current.get().getConnection();
  }
}
