// SPDX-License-Identifier: MIT
package io.pghello;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.function.Supplier;
import javax.sql.DataSource;

/** A data source that chooses another one by the thread that asks, as routing ones do. */
record OfThread(Supplier<DataSource> current) implements SimpleDataSource {
  @Override
  public Connection getConnection() throws SQLException {
    return current.get().getConnection();
  }
}
